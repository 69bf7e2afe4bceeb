// The step inspector: at the player's step, what happened to the inspected run and why, with its own numbers. Every layer
// keeps its line at all times, so that nothing jumps while it plays.

class Inspector {
  constructor(element, wishes) {
    element.innerHTML = `<div class="lp-glass"><canvas role="img"></canvas><div class="lp-caption"></div></div>
      <div class="lp-told"><div class="lp-headline"><span class="lp-who"></span><label class="lp-starts">start
        <select aria-label="Start point to inspect"></select></label><span class="lp-where"></span></div>
        <div class="lp-updates"></div><div class="lp-ahead"></div></div>`;
    const find = (selector) => element.querySelector(selector);
    [this.who, this.where, this.updates, this.ahead] = [".lp-who", ".lp-where", ".lp-updates", ".lp-ahead"].map(find);
    [this.caption, this.starts, this.select] = [".lp-caption", ".lp-starts", "select"].map(find);
    this.select.onchange = () => wishes.inspectStart(Number(this.select.value));
    this.closeUp = new CloseUp(find("canvas"));
    this.closeUp.onResize = wishes.redraw;
  }

  /** Show a run, one of the `runs` of its optimizer. */
  load(run, runs, inks, theme, { labels, words }) {
    const letters = inks.map((color) => lettering(color, theme));
    Object.assign(this, { run, inks: inks.map((color) => ink(color)), letters, labels, words, told: "" });
    this.closeUp.drawn = "";
    this.who.innerHTML = `<i style="background:${this.inks[Math.min(1, run.depth)]}"></i>`;
    this.who.append(run.name);
    this.starts.hidden = runs.length < 2;
    this.select.replaceChildren(
      ...runs.map(({ start }) => new Option(String(start + 1), start, false, start === run.start)),
    );
    this.lines = [0, ...run.layers.map((_, below) => below + 1)].map((layer) => this.line(layer));
    this.updates.replaceChildren(...this.lines);
  }

  line(layer) {
    const element = document.createElement("div");
    element.className = "lp-update";
    element.dataset.layer = layer;
    element.style.setProperty("--ink", this.inks[layer]);
    return element;
  }

  show(scene, moment, words, playing) {
    // A screen reader hears each step that was asked for, not the hundreds that play by.
    const live = playing ? "off" : "polite";
    if (this.updates.ariaLive !== live) this.updates.ariaLive = this.ahead.ariaLive = live;
    this.closeUp.draw(scene, this.run, moment);
    const row = Math.min(stepped(moment), this.run.stopped); // it tells once that the run has stopped
    if (!words || this.told === row) return;
    this.told = row;
    this.tell(row);
  }

  tell(row) {
    const { run } = this;
    const at = run.clamp(row);
    const updates = run.updates(row);
    const [value, count] = [brief(run.loss[at]), run.evaluations[at]];
    const gradients = `${count} gradient${count === 1 ? "" : "s"}`;
    this.where.innerHTML = `step <b>${run.step[at]}</b> · ${gradients} · ${this.words.value} <b>${value}</b>`;
    this.tellBaseStep(row);
    run.layers.forEach((_, below) => this.tellLayer(below + 1, updates, row));
    this.ahead.innerHTML = this.lookAhead(row, updates);
    this.tellCycle(row);
  }

  tellCycle(row) {
    const { cycle, magnification, exit } = this.closeUp;
    if (!cycle) return;
    const { step, stopped } = this.run;
    const rounded = magnification < 10 ? magnification.toFixed(1) : Math.round(magnification);
    const times = magnification < 0.1 ? brief(magnification) : rounded;
    const gone = exit < stopped ? ` · left at step ${step[exit]}` : " · stopped";
    const [from, to] = cycle.map((end) => step[end]);
    this.caption.textContent = `steps ${from}–${to} · magnified ${times}×${row < exit ? "" : gone}`;
    this.closeUp.canvas.setAttribute("aria-label", `Close-up of ${this.run.name}, ${this.caption.textContent}`);
  }

  tellBaseStep(row) {
    const { run } = this;
    const [line] = this.lines;
    line.classList.toggle("lp-fired", row > 0 && !run.ended(row));
    if (row === 0 || !run.consecutive || run.ended(row)) {
      const what = run.ended(row) ? "stopped" : run.step[row] === 0 ? "start" : "fast weights";
      line.innerHTML = rule(`${this.name(0)}`, what) + this.values((axis) => fixed(run.weights(0, row)[axis], 4));
      return;
    }
    const [from, to] = [run.weights(0, row - 1), pointAt(run.proposal, row)];
    const decimals = decimalsFor([...from, ...to], farthest(from, to));
    const { gradient, explained } = this.words;
    const [what, why] = run.lr === null ? ["Δ", run.delta && `Δ: ${run.delta}`] : [`lr ${gradient}`, explained];
    const change = run.lr === null ? this.difference : this.descent;
    line.innerHTML =
      rule(`${this.name(0)} ← ${this.name(0)} ${MINUS} ${what}`, why || "base step") +
      this.values((axis) => {
        const told = change.call(this, from[axis], to[axis], decimals);
        return `${fixed(from[axis], decimals)} ${told} = ${this.tint(0, fixed(to[axis], decimals))}`;
      });
  }

  /** "+ 0.5", what lies between two numbers as they are shown. */
  difference(from, to, decimals) {
    const change = Number(to.toFixed(decimals)) - Number(from.toFixed(decimals));
    return `${change < 0 ? MINUS : "+"} ${fixed(Math.abs(change), decimals)}`;
  }

  /** "− .1 · 5", lr times the gradient that the step followed. */
  descent(from, to) {
    const gradient = brief((from - to) / this.run.lr);
    return `${MINUS} ${shortNumber(this.run.lr)} · ${gradient[0] === MINUS ? `(${gradient})` : gradient}`;
  }

  tellLayer(layer, updates, row) {
    const update = updates[layer - 1];
    const line = this.lines[layer];
    line.classList.toggle("lp-fired", Boolean(update));
    const [own, inner] = [this.name(layer), this.name(layer - 1)];
    const head = rule(`${own} ← ${own} + α${SUBSCRIPTS[layer]} (${inner} − ${own})`, `layer ${layer}`);
    line.innerHTML =
      head + this.values((axis) => (update ? this.equation(update, axis) : this.waiting(layer, row, axis)));
  }

  /** φ + α (θ − φ) = φ' in numbers. */
  equation({ layer, alpha, from, target, to }, axis) {
    const [slow, pulling, landed] = [from[axis], target[axis], to[axis]];
    const decimals = decimalsFor([...from, ...target, ...to], farthest(from, target));
    const [old, other] = [this.tint(layer, fixed(slow, decimals)), this.tint(layer - 1, fixed(pulling, decimals))];
    const again = this.tint(layer, operand(slow, decimals));
    const arrived = this.tint(layer, fixed(landed, decimals));
    return `${old} + ${shortNumber(alpha)} (${other} ${MINUS} ${again}) = <b>${arrived}</b>`;
  }

  waiting(layer, row, axis) {
    const value = this.tint(layer, fixed(this.run.weights(layer, row)[axis], 4));
    return this.run.explains ? `${value} <em>stays</em>` : value;
  }

  lookAhead(row, updates) {
    const { run } = this;
    if (run.ended(row)) return `<b>Diverged at step ${run.diverged}:</b> the run has stopped.`;
    if (!run.depth) return "No slow weights: every base step counts as it is.";
    if (!run.explains) return "Not every base step was kept: single updates are not shown.";
    const inside = updates.map((_, below) => this.name(below)).join(", ");
    const verb = updates.length === 1 ? "restarts" : "restart";
    const restart = updates.length ? `<b>${inside} ${verb} from ${this.name(updates.length)}.</b> ` : "";
    const waits = run.layers.map((_, below) => {
      const steps = run.untilSynchronised(below + 1, row);
      return `${steps}${below ? "" : ` base step${steps === 1 ? "" : "s"}`} (layer ${below + 1})`;
    });
    return `${restart}next synchronisation in ${waits.join(", ")}`;
  }

  name(layer) {
    return this.tint(layer, symbolOf(layer));
  }

  tint(layer, text) {
    return `<span style="color:${this.letters[layer]}">${text}</span>`;
  }

  values(text) {
    const lines = this.labels.map((label, axis) => `<span><i>${escaped(label)}</i>${text(axis)}</span>`);
    return `<span class="lp-values">${lines.join("")}</span>`;
  }
}

function farthest(from, to) {
  return Math.max(...from.map((value, axis) => Math.abs(to[axis] - value)));
}

function rule(formula, what) {
  return `<span class="lp-rule"><span>${formula}</span><small>${what}</small></span>`;
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
