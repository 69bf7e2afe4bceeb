// The step inspector: the updates of the inspected run at the player's step, in numbers. Every layer
// keeps its line at all times, so that the layout is constant while it plays.

import { CloseUp } from "./close_up.js";
import { DialHandle } from "./dial_handle.js";
import { escapeHtml, partOf } from "./elements.js";
import { bufferSymbolOf, fractionSymbolOf, momentumSymbolOf, symbolOf } from "./marks.js";
import { completedRow } from "./moment.js";
import { brief, decimalsFor, fixed, MINUS, operand, shortNumber } from "./numbers.js";
import { pointAt } from "./points.js";
import { ink } from "./theme.js";

/** @import {Color, Commands, Dial, Moment, Point, Update, PlayerView} from "./types.d.ts" */
/** @import {Dragging} from "./dragging.js" */
/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

/** @type {Record<string, string>} where a rule has the number of a field */
const HANDLES = { alpha: ".lp-fraction", outer_momentum: ".lp-momentum" };
const EMPTY = "<span></span>"; // placeholder for the numbers of a rule

export class Inspector {
  /**
   * @param {HTMLElement} element
   * @param {Commands} commands
   */
  constructor(element, commands) {
    element.innerHTML = `<div class="lp-glass"><canvas role="img"></canvas><div class="lp-caption"></div></div>
      <div class="lp-text"><div class="lp-headline"><span class="lp-who"></span><label class="lp-starts">start
        <select aria-label="Start point to inspect"></select></label><span class="lp-where"></span></div>
        <div class="lp-updates"></div><div class="lp-ahead"></div></div>`;
    this.who = partOf(element, ".lp-who");
    this.where = partOf(element, ".lp-where");
    this.updates = partOf(element, ".lp-updates");
    this.ahead = partOf(element, ".lp-ahead");
    this.caption = partOf(element, ".lp-caption");
    this.starts = partOf(element, ".lp-starts");
    this.select = element.querySelector("select");
    this.select.onchange = () => commands.inspectStart(Number(this.select.value));
    this.closeUp = new CloseUp(element.querySelector("canvas"));
    this.closeUp.onResize = commands.redraw;
    this.textRow = -1; // the row of the text
  }

  /**
   * Show a run, one of the `runs` of its optimizer.
   * @param {Run} run
   * @param {Run[]} runs
   * @param {Color[]} inks
   * @param {string[]} letters
   * @param {PlayerView} view
   * @param {Dragging} dragging
   */
  load(run, runs, inks, letters, { labels, quantities, dials }, dragging) {
    this.run = run;
    this.inks = inks.map((color) => ink(color));
    this.letters = letters;
    this.labels = labels;
    this.quantities = quantities;
    this.textRow = -1;
    this.closeUp.backdropSignature = "";
    this.who.innerHTML = `<i style="background:${this.inks[Math.min(1, run.depth)]}"></i>`;
    this.who.append(run.name);
    this.starts.hidden = runs.length < 2;
    this.select.replaceChildren(
      ...runs.map(({ start }) => new Option(String(start + 1), String(start), false, start === run.start)),
    );
    this.lines = [0, ...run.layers.map((_, below) => below + 1)].map((layer) => this.line(layer));
    this.updates.replaceChildren(...this.lines);
    const layerDials = (dials ?? []).filter(({ name, field }) => name === run.name && HANDLES[field]);
    for (const dial of layerDials) this.makeDraggable(dial, dragging);
  }

  /**
   * A handle in place of the α or the μ of a layer's rule.
   * @param {Dial} dial
   * @param {Dragging} dragging
   */
  makeDraggable(dial, dragging) {
    const root = /** @type {HTMLElement} */ (this.updates.closest(".lookahead-player"));
    const handle = new DialHandle(dial, dragging, root);
    this.lines[dial.level].querySelector(HANDLES[dial.field])?.replaceWith(handle.element);
  }

  /**
   * Another run of the same optimizer and start.
   * @param {Run} run
   */
  exchange(run) {
    this.run = run;
    this.textRow = -1;
    this.closeUp.backdropSignature = "";
  }

  /** @param {number} layer */
  line(layer) {
    const element = document.createElement("div");
    element.className = "lp-update";
    element.dataset.layer = String(layer);
    element.style.setProperty("--ink", this.inks[layer]);
    if (layer === 0) return element;
    const [symbol, inner] = [this.name(layer), this.name(layer - 1)];
    const fraction = `<span class="lp-fraction">${fractionSymbolOf(layer)}</span>`;
    const { mu, nesterov } = this.run.layers[layer - 1];
    const [s, b] = ["s", bufferSymbolOf(layer)];
    const momentum = `<span class="lp-momentum">${momentumSymbolOf(layer)}</span>`;
    const step = nesterov ? `(${s} + ${momentumSymbolOf(layer)} ${b})` : b;
    const formula = mu
      ? `${b} ← ${momentum} ${b} + ${s},<br>${symbol} ← ${symbol} ${MINUS} ${fraction} ${step}`
      : `${symbol} ← ${symbol} + ${fraction} (${inner} − ${symbol})`;
    const what = mu ? `layer ${layer}, ${s} = ${symbol} ${MINUS} ${inner}` : `layer ${layer}`;
    element.innerHTML = rule(formula, what) + EMPTY;
    return element;
  }

  /**
   * @param {Scene} scene
   * @param {Moment} moment
   * @param {boolean} words
   * @param {boolean} playing
   */
  show(scene, moment, words, playing) {
    // A screen reader announces steps chosen by the visitor, not those of playback.
    const live = playing ? "off" : "polite";
    if (this.updates.ariaLive !== live) {
      this.updates.ariaLive = live;
      this.ahead.ariaLive = live;
    }
    this.closeUp.draw(scene, this.run, moment);
    const row = Math.min(completedRow(moment), this.run.stopped); // a stopped run is described once
    if (!words || this.textRow === row) return;
    this.textRow = row;
    this.describe(row);
  }

  /** @param {number} row */
  describe(row) {
    const { run } = this;
    const at = run.clamp(row);
    const updates = run.updates(row);
    const [value, count] = [brief(run.loss[at]), run.evaluations[at]];
    const gradients = `${count} gradient${count === 1 ? "" : "s"}`;
    this.where.innerHTML = `step <b>${run.step[at]}</b> · ${gradients} · ${this.quantities.value} <b>${value}</b>`;
    this.describeBaseStep(row);
    for (let layer = 1; layer <= run.depth; layer++) this.describeLayer(layer, updates, row);
    this.ahead.innerHTML = this.lookAhead(row, updates);
    this.describeCycle(row);
  }

  /** @param {number} row */
  describeCycle(row) {
    const { cycle, magnification, exit } = this.closeUp;
    if (!cycle) return;
    const { step, stopped } = this.run;
    const factor = magnification < 10 ? magnification.toFixed(1) : Math.round(magnification);
    const times = magnification < 0.1 ? brief(magnification) : factor;
    const exitNote = exit < stopped ? ` · left at step ${step[exit]}` : " · stopped";
    const [from, to] = cycle.map((end) => step[end]);
    this.caption.textContent = `steps ${from}–${to} · magnified ${times}×${row < exit ? "" : exitNote}`;
    this.closeUp.canvas.setAttribute("aria-label", `Close-up of ${this.run.name}, ${this.caption.textContent}`);
  }

  /** @param {number} row */
  describeBaseStep(row) {
    const { run } = this;
    const [line] = this.lines;
    line.classList.toggle("lp-fired", row > 0 && !run.ended(row));
    if (row === 0 || !run.consecutive || run.ended(row)) {
      const kind = run.ended(row) ? "stopped" : run.step[row] === 0 ? "start" : "fast weights";
      line.innerHTML = rule(`${this.name(0)}`, kind) + this.values((axis) => fixed(run.weights(0, row)[axis], 4));
      return;
    }
    const [from, to] = [run.weights(0, row - 1), pointAt(run.proposal, row)];
    const decimals = decimalsFor([...from, ...to], farthest(from, to));
    const { gradient, explained } = this.quantities;
    const [kind, note] = run.lr === null ? ["Δ", run.delta && `Δ: ${run.delta}`] : [`lr ${gradient}`, explained];
    const change = run.lr === null ? this.difference : this.descent;
    line.innerHTML =
      rule(`${this.name(0)} ← ${this.name(0)} ${MINUS} ${kind}`, note || "base step") +
      this.values((axis) => {
        const terms = change.call(this, from[axis], to[axis], decimals);
        return `${fixed(from[axis], decimals)} ${terms} = ${this.tint(0, fixed(to[axis], decimals))}`;
      });
  }

  /**
   * "+ 0.5", what lies between two numbers as they are shown.
   * @param {number} from
   * @param {number} to
   * @param {number} decimals
   */
  difference(from, to, decimals) {
    const change = Number(to.toFixed(decimals)) - Number(from.toFixed(decimals));
    return `${change < 0 ? MINUS : "+"} ${fixed(Math.abs(change), decimals)}`;
  }

  /**
   * "− .1 · 5", lr times the gradient that the step followed.
   * @param {number} from
   * @param {number} to
   */
  descent(from, to) {
    const gradient = brief((from - to) / this.run.lr);
    const factor = gradient[0] === MINUS ? `(${gradient})` : gradient;
    return `${MINUS} ${shortNumber(this.run.lr)} · ${factor}`;
  }

  /**
   * @param {number} layer
   * @param {Update[]} updates
   * @param {number} row
   */
  describeLayer(layer, updates, row) {
    const update = updates[layer - 1];
    const line = this.lines[layer];
    line.classList.toggle("lp-fired", Boolean(update));
    // The rule is kept: its α may be dragged at the moment.
    line.lastElementChild.outerHTML = this.values((axis) =>
      update ? this.equation(update, axis) : this.waiting(layer, row, axis),
    );
  }

  /**
   * φ + α (θ − φ) = φ' in numbers.
   * @param {Update} update
   * @param {number} axis
   */
  equation({ layer, alpha, from, target, to, outer }, axis) {
    if (outer) return this.outerEquation({ layer, alpha, from, target, to, outer }, axis);
    const [slow, pulling, landing] = [from[axis], target[axis], to[axis]];
    const decimals = decimalsFor([...from, ...target, ...to], farthest(from, target));
    const [old, other] = [this.tint(layer, fixed(slow, decimals)), this.tint(layer - 1, fixed(pulling, decimals))];
    const again = this.tint(layer, operand(slow, decimals));
    const sum = this.tint(layer, fixed(landing, decimals));
    return `${old} + ${shortNumber(alpha)} (${other} ${MINUS} ${again}) = <b>${sum}</b>`;
  }

  /**
   * φ − α (s + μ b) = φ' in numbers, after s = φ − θ and the new b.
   * @param {Update} update
   * @param {number} axis
   */
  outerEquation({ layer, alpha, from, target, to, outer }, axis) {
    const { mu, nesterov, s, before, b } = outer;
    const decimals = decimalsFor([...from, ...target, ...to], Math.max(farthest(from, target), farthest(from, to)));
    const number = (/** @type {Point} */ point) => fixed(point[axis], decimals);
    const within = (/** @type {Point} */ point) => operand(point[axis], decimals);
    const [factor, momentum] = [shortNumber(alpha), shortNumber(mu)];
    const old = this.tint(layer, number(from));
    const step = nesterov ? `(${number(s)} + ${momentum} · ${within(b)})` : `· ${within(b)}`;
    const parts = [
      `s = ${old} ${MINUS} ${this.tint(layer - 1, within(target))} = ${number(s)}`,
      `b = ${momentum} · ${within(before)} + ${within(s)} = ${number(b)}`,
      `${old} ${MINUS} ${factor} ${step} = <b>${this.tint(layer, number(to))}</b>`,
    ];
    return parts.join(", ");
  }

  /**
   * @param {number} layer
   * @param {number} row
   * @param {number} axis
   */
  waiting(layer, row, axis) {
    const value = this.tint(layer, fixed(this.run.weights(layer, row)[axis], 4));
    return this.run.explains ? `${value} <em>stays</em>` : value;
  }

  /**
   * @param {number} row
   * @param {Update[]} updates
   */
  lookAhead(row, updates) {
    const { run } = this;
    if (run.ended(row)) return `<b>Diverged at step ${run.diverged}:</b> the run has stopped.`;
    if (!run.depth) return run.ahead || "No slow weights: every base step counts as it is.";
    if (!run.explains) return "Not every base step was kept: single updates are not shown.";
    const inside = updates.map((_, below) => this.name(below)).join(", ");
    const verb = updates.length === 1 ? "restarts" : "restart";
    const restart = updates.length ? `<b>${inside} ${verb} from ${this.name(updates.length)}.</b> ` : "";
    const waits = run.layers.map((_, below) => {
      const steps = run.untilSynchronised(below + 1, row);
      const unit = steps === 1 ? " base step" : " base steps";
      return `${steps}${below ? "" : unit} (layer ${below + 1})`;
    });
    return `${restart}next synchronisation in ${waits.join(", ")}`;
  }

  /** @param {number} layer */
  name(layer) {
    return this.tint(layer, symbolOf(layer));
  }

  /**
   * @param {number} layer
   * @param {string} text
   */
  tint(layer, text) {
    return `<span style="color:${this.letters[layer]}">${text}</span>`;
  }

  /** @param {(axis: number) => string} text */
  values(text) {
    const lines = this.labels.map((label, axis) => `<span><i>${escapeHtml(label)}</i>${text(axis)}</span>`);
    return `<span class="lp-values">${lines.join("")}</span>`;
  }
}

/**
 * @param {Point} from
 * @param {Point} to
 */
function farthest(from, to) {
  return Math.max(...from.map((value, axis) => Math.abs(to[axis] - value)));
}

/**
 * @param {string} formula
 * @param {string} what
 */
function rule(formula, what) {
  return `<span class="lp-rule"><span>${formula}</span><small>${what}</small></span>`;
}
