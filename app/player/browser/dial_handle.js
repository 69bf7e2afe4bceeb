// A number on a card that can be dragged sideways, or moved with the keys when it has the focus.

import { DialRail } from "./dial_rail.js";
import { fractionSymbolOf, momentumSymbolOf, symbolOf } from "./marks.js";
import { shortNumber } from "./numbers.js";

/** @import {Dial} from "./types.d.ts" */
/** @import {Dragging} from "./dragging.js" */

const PAUSE = 700; // ms without a key, after which the value is adopted
const PAGE = 5; // values per press of a page key

/** @type {Record<string, (index: number, last: number) => number>} */
const KEYS = {
  ArrowRight: (index) => index + 1,
  ArrowUp: (index) => index + 1,
  ArrowLeft: (index) => index - 1,
  ArrowDown: (index) => index - 1,
  PageUp: (index) => index + PAGE,
  PageDown: (index) => index - PAGE,
  Home: () => 0,
  End: (_, last) => last,
};

/** @param {Dial} dial */
export function symbolOfDial({ field, level }) {
  if (field === "alpha") return fractionSymbolOf(level);
  if (field === "outer_momentum") return momentumSymbolOf(level);
  if (field === "k") return symbolOf(level).replace("φ", "k");
  if (field.startsWith("mu_")) return field.replace("mu", "μ");
  return field === "lr" ? "lr" : "μ";
}

export class DialHandle {
  /**
   * @param {Dial} dial
   * @param {Dragging} dragging
   * @param {HTMLElement} root what the rail is laid over
   */
  constructor(dial, dragging, root) {
    this.dial = dial;
    this.dragging = dragging;
    this.root = root;
    this.last = dial.values.length - 1;
    this.timer = 0;
    this.element = document.createElement("span");
    this.element.className = "lp-dial";
    this.element.tabIndex = 0;
    this.element.title = "Drag, or use the arrow keys";
    this.element.dataset.dial = `${dial.card}.${dial.field}.${dial.level}`;
    this.element.innerHTML = `<i>${symbolOfDial(dial)}</i><b></b>`;
    this.text = this.element.querySelector("b");
    this.describe();
    this.put(dial.values.indexOf(dial.value));
    this.listen();
    dragging.add(this);
  }

  describe() {
    const { values, name } = this.dial;
    this.element.setAttribute("role", "slider");
    this.element.setAttribute("aria-label", `${symbolOfDial(this.dial)} of ${name}`);
    this.element.setAttribute("aria-valuemin", String(values[0]));
    this.element.setAttribute("aria-valuemax", String(values[this.last]));
  }

  /** Whether it is being dragged. */
  get isHeld() {
    return this.dragging.handle === this;
  }

  /**
   * Show a value.
   * @param {number} index
   */
  put(index) {
    this.index = index;
    const text = shortNumber(this.dial.values[index]);
    this.text.textContent = text;
    this.element.setAttribute("aria-valuenow", String(this.dial.values[index]));
    this.element.setAttribute("aria-valuetext", `${symbolOfDial(this.dial)} = ${text}`);
  }

  listen() {
    const { element } = this;
    element.onpointerdown = (event) => this.press(event);
    element.onpointermove = (event) => {
      if (this.isHeld && this.pressX !== undefined)
        this.move(this.origin + (event.clientX - this.pressX) / this.rail.pitch);
    };
    element.onpointerup = () => this.letGo();
    element.onpointercancel = () => this.putBack();
    element.onkeydown = (event) => this.key(event);
    element.onblur = () => this.letGo();
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0) return;
    event.preventDefault(); // selects no text
    event.stopPropagation();
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    this.grab(event.clientX);
    this.pressX = event.clientX;
  }

  /** @param {number} x of the page, below which the rail's thumb is laid */
  grab(x) {
    this.origin = this.index;
    this.element.classList.add("lp-held");
    this.rail = new DialRail(this, x);
    this.dragging.grab(this);
  }

  /** @param {number} index */
  move(index) {
    const next = Math.max(0, Math.min(this.last, Math.round(index)));
    if (next === this.index) return;
    this.rail.point(next);
    this.dragging.move(next);
  }

  letGo() {
    this.release();
    if (this.isHeld) this.dragging.drop();
  }

  /** Let go of a number that another control of the page sets and reports. */
  leave() {
    this.release();
    if (this.isHeld) this.dragging.leave();
  }

  putBack() {
    this.release();
    if (this.isHeld) this.dragging.putBack();
  }

  release() {
    clearTimeout(this.timer);
    this.pressX = undefined;
    this.element.classList.remove("lp-held");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const go = KEYS[event.key];
    const ends = this.isHeld && (event.key === "Escape" || event.key === "Enter");
    if (event.ctrlKey || event.metaKey || event.altKey || !(go || ends)) return;
    event.preventDefault(); // does not step the player
    event.stopPropagation();
    if (event.key === "Escape") return this.putBack();
    if (event.key === "Enter") return this.letGo();
    const box = this.element.getBoundingClientRect();
    if (!this.isHeld) this.grab(box.left + box.width / 2);
    this.move(go(this.index, this.last));
    clearTimeout(this.timer);
    if (this.pressX === undefined) this.timer = setTimeout(() => this.letGo(), PAUSE);
  }
}
