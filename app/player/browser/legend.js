// One card per optimizer: its nested clock, its name (press to inspect it), and a switch for itself and for each layer.

import { CLOCK_SIZE, counterText, drawClock } from "./clocks.js";
import { DialHandle } from "./dial_handle.js";
import { contextOf, densityOf, partOf } from "./elements.js";
import { AVERAGE, lookOf } from "./look.js";
import { symbolOf } from "./marks.js";
import { completedRow } from "./moment.js";
import { shortNumber } from "./numbers.js";
import { ink } from "./theme.js";

/** @import {Commands, Dial, Layer, LayerName, Moment} from "./types.d.ts" */
/** @import {Dragging} from "./dragging.js" */
/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

const SHAPES = {
  circle: '<circle cx="13" cy="6" r="3.6"/>',
  square: '<rect x="9.4" y="2.4" width="7.2" height="7.2"/>',
  diamond: '<path d="M13 1l5 5-5 5-5-5z"/>',
  triangle: '<path d="M13 .8l5.2 9.4H7.8z"/>',
  star: '<path d="M13 .4l1.7 3.7 4 .4-3 2.7.9 4L13 9.1l-3.6 2.1.9-4-3-2.7 4-.4z"/>',
};

const AVERAGE_MARK =
  '<circle cx="13" cy="6" r="3.6" fill="var(--lp-background)" stroke="currentColor" stroke-width="1.4"/>';

/**
 * The line and the shape of a layer, as they are drawn.
 * @param {LayerName} layer
 * @param {string} color
 */
function keySample(layer, color) {
  const { dash, width, shape } = layer === "averaged" ? AVERAGE : lookOf(layer);
  const mark = layer === "averaged" ? AVERAGE_MARK : SHAPES[/** @type {keyof typeof SHAPES} */ (shape)];
  return `<svg class="lp-sample" viewBox="0 0 26 12" aria-hidden="true" style="color:${color}">
    <path d="M0 6h26" stroke="currentColor" stroke-width="${Math.min(3.4, width)}" stroke-dasharray="${dash.join(" ")}"/>
    ${mark}</svg>`;
}

/**
 * "(5, .5) (5, .5)", unless it is in the optimizer's name.
 * @param {Run} run
 */
function recipeOf(run) {
  const momentum = (/** @type {Layer} */ { mu, nesterov }) =>
    mu ? `, ${nesterov ? "Nesterov" : "μ"} ${shortNumber(mu)}` : "";
  const recipe = run.layers
    .map((layer) => `(${layer.k}, ${shortNumber(layer.alpha)}${momentum(layer)})`)
    .join("\u2009");
  const plain = (/** @type {string} */ text) => text.replace(/\s/g, "");
  if (!plain(run.name).includes(plain(recipe))) return recipe;
  if (run.depth) return "";
  return run.ahead ? "its own average" : "no slow weights";
}

export class Legend {
  /**
   * @param {HTMLElement} element
   * @param {Commands} commands
   */
  constructor(element, commands) {
    this.element = element;
    this.commands = commands;
    /** @type {Card[]} */
    this.cards = [];
  }

  /**
   * @param {Scene} scene
   * @param {Dial[]} dials
   * @param {Dragging} dragging
   */
  load(scene, dials, dragging) {
    const byName = new Map();
    for (const run of scene.runs) {
      if (byName.has(run.name)) byName.get(run.name).push(run);
      else byName.set(run.name, [run]);
    }
    const density = densityOf();
    const focused = this.element.querySelector(".lp-dial:focus");
    this.element.replaceChildren();
    this.element.classList.toggle("lp-four", byName.size === 4);
    this.cards = [...byName.values()].map((runs) => new Card(this.element, runs, scene, this.commands, density));
    for (const card of this.cards) card.addDials(dials, dragging);
    const again =
      focused && this.element.querySelector(`[data-dial="${/** @type {HTMLElement} */ (focused).dataset.dial}"]`);
    if (again) /** @type {HTMLElement} */ (again).focus({ preventScroll: true });
  }

  /**
   * @param {Scene} scene
   * @param {Moment} moment
   * @param {boolean} words
   */
  show(scene, moment, words) {
    for (const card of this.cards) card.show(scene, moment, words);
  }

  /** @param {(run: Run) => Run} other */
  exchange(other) {
    for (const card of this.cards) card.runs = card.runs.map(other);
  }

  /**
   * Called when something was switched on or off, or another run is inspected.
   * @param {Scene} scene
   */
  mark(scene) {
    for (const card of this.cards) card.mark(scene);
  }
}

class Card {
  /**
   * @param {HTMLElement} parent
   * @param {Run[]} runs
   * @param {Scene} scene
   * @param {Commands} commands
   * @param {number} density
   */
  constructor(parent, runs, scene, commands, density) {
    this.runs = runs;
    this.commands = commands;
    const [run] = runs;
    const inks = scene.inks(run).map((color) => ink(color));
    this.element = parent.appendChild(document.createElement("div"));
    this.element.className = "lp-card";
    this.letters = scene.letters(run);
    this.element.style.setProperty("--own", inks[Math.min(1, run.depth)]);
    this.element.style.setProperty("--own-letters", this.letters[Math.min(1, run.depth)]);
    this.element.innerHTML = `<canvas class="lp-clock" aria-hidden="true"></canvas>
      <div class="lp-about"><div class="lp-title">
        <button type="button" class="lp-name" title="Inspect this optimizer"></button>
        <button type="button" class="lp-eye" role="switch"></button></div>
        <div class="lp-beat"><b></b><small></small></div><div class="lp-layers"></div><div class="lp-flag"></div></div>`;
    this.prepareClock(density);
    this.prepareTitle(run);
    this.prepareLayers(run, inks);
    this.beat = partOf(this.element, ".lp-beat b");
    this.text = ""; // of the beat
    const recipe = partOf(this.element, ".lp-beat small");
    recipe.textContent = recipeOf(run);
    recipe.title = run.depth ? "(k, α) of each layer, the innermost first" : "";
    this.prepareFlag();
    this.mark(scene);
  }

  /** @param {number} density */
  prepareClock(density) {
    const canvas = /** @type {HTMLCanvasElement} */ (this.element.querySelector("canvas"));
    canvas.width = canvas.height = CLOCK_SIZE * density;
    this.clock = contextOf(canvas);
    this.clock.scale(density, density);
    canvas.onclick = () => this.commands.inspect(this.runs[0]);
  }

  /** @param {Run} run */
  prepareTitle(run) {
    this.name = partOf(this.element, ".lp-name");
    this.name.textContent = run.name.replace(/, /g, ",\u00a0");
    this.name.onclick = () => this.commands.inspect(run);
    this.eye = partOf(this.element, ".lp-eye");
    this.eye.setAttribute("aria-label", `Show ${run.name}`);
    this.eye.title = `Show or hide ${run.name}`;
    this.eye.onclick = () => this.commands.toggle(run.name);
  }

  /**
   * @param {Run} run
   * @param {string[]} inks
   */
  prepareLayers(run, inks) {
    const list = this.element.querySelector(".lp-layers");
    const add = (/** @type {LayerName} */ layer, /** @type {string} */ text, /** @type {string} */ title) => {
      const chip = list.appendChild(document.createElement("button"));
      Object.assign(chip, { type: "button", className: "lp-chip", title: `Show or hide ${title}` });
      chip.dataset.layer = String(layer);
      chip.setAttribute("role", "switch");
      chip.setAttribute("aria-label", `Show ${title} of ${run.name}`);
      chip.innerHTML = `${keySample(layer, layer === "averaged" ? inks[0] : inks[layer])}<b>${text}</b>`;
      chip.onclick = () => this.commands.toggle(`${run.name}/${layer}`);
      return chip;
    };
    const words = (/** @type {number} */ layer) =>
      `slow weights ${symbolOf(layer)}: every ${run.layers[layer - 1].period} base steps`;
    this.chips = [add(0, "θ", "the fast weights θ")];
    for (let layer = 1; layer <= run.depth; layer++) this.chips.push(add(layer, symbolOf(layer), words(layer)));
    if (run.averaged) this.chips.push(add("averaged", "average", "the average of the fast weights"));
  }

  /**
   * Numbers to drag.
   * @param {Dial[]} dials
   * @param {Dragging} dragging
   */
  addDials(dials, dragging) {
    const optimizerDials = dials.filter(({ name }) => name === this.runs[0].name);
    if (!optimizerDials.length) return;
    const list = document.createElement("div");
    list.className = "lp-dials";
    const root = /** @type {HTMLElement} */ (this.element.closest(".lookahead-player"));
    list.append(...optimizerDials.map((dial) => new DialHandle(dial, dragging, root).element));
    this.element.querySelector(".lp-layers").after(list);
    if (dragging.isKnown || root.querySelector(".lp-hint") || optimizerDials.every(({ field }) => field !== "alpha"))
      return;
    const hint = list.appendChild(document.createElement("span"));
    hint.className = "lp-hint";
    hint.textContent = "drag α and watch";
  }

  /** Reserve room for all later texts, so that the layout is constant. */
  prepareFlag() {
    this.element.querySelector(".lp-flag").innerHTML = "<span></span>";
    this.flag = this.element.querySelector(".lp-flag span");
    this.flag.parentElement.dataset.room = this.divergedBy(Infinity);
  }

  /**
   * Which runs have diverged by a row, and when.
   * @param {number} row
   */
  divergedBy(row) {
    const diverged = this.runs.filter((run) => run.ended(row));
    const words = (/** @type {Run} */ { diverged: step, start }) => {
      const which = this.runs.length > 1 ? ` (start ${start + 1})` : "";
      return `diverged at step ${step}${which}`;
    };
    const more = diverged.length > 2 ? ` and ${diverged.length - 2} more` : "";
    return diverged.slice(0, 2).map(words).join(", ") + more;
  }

  /**
   * @param {Scene} scene
   * @param {Moment} moment
   * @param {boolean} words
   */
  show(scene, moment, words) {
    const run = this.runs.find((each) => each === scene.inspected) ?? this.runs[0];
    const { theme } = scene;
    drawClock(this.clock, run, moment, scene.inks(run), theme);
    if (!words) return;
    const row = completedRow(moment);
    const text = counterText(run, run.clamp(row), this.letters);
    if (text !== this.text) {
      this.beat.innerHTML = text;
      this.text = text;
    }
    const flag = this.divergedBy(row);
    if (flag !== this.flag.textContent) this.flag.textContent = flag;
  }

  /** @param {Scene} scene */
  mark(scene) {
    const { name } = this.runs[0];
    const on = !scene.hidden.has(name);
    this.element.classList.toggle("lp-off", !on);
    this.element.classList.toggle("lp-inspected", this.runs.includes(scene.inspected));
    this.name.setAttribute("aria-pressed", String(this.runs.includes(scene.inspected)));
    this.eye.setAttribute("aria-checked", String(on));
    for (const chip of this.chips) {
      chip.setAttribute("aria-checked", String(!scene.hidden.has(`${name}/${chip.dataset.layer}`)));
    }
  }
}
