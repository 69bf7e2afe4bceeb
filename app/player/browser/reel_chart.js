// Charts that change with the base step, as plotly's frames behind a slider: the player's clock moves the slider, and the
// slider the clock. Their own buttons, a second clock, are away.

import { findChart } from "./plotly_chart.js";

/** @import {Graph} from "./types.d.ts" */
/** @import {Player} from "./player.js" */
/** @typedef {{label: string, visible?: boolean}} SliderStep */

const EVERY = 150; // ms between two pictures: images take plotly a moment

export class ReelChart {
  /**
   * @param {string} key
   * @param {Player} player
   */
  constructor(key, player) {
    this.key = key;
    this.player = player;
    this.drawingTime = 0; // when
    this.driving = false;
    /** @type {?Graph} */
    this.graph = null;
    this.onSlide = (/** @type {{step: {label: string}}} */ { step }) => this.driving || this.lead(Number(step.label));
  }

  get attached() {
    return Boolean(this.graph?.isConnected);
  }

  attach() {
    const graph = findChart(this.key);
    if (!graph || this.attached) return;
    this.remove();
    this.graph = graph;
    graph.on("plotly_sliderchange", this.onSlide);
  }

  /**
   * The player goes where a visitor put the slider.
   * @param {number} step
   */
  lead(step) {
    const { player } = this;
    player.jump(
      Math.max(
        0,
        Array.from(player.steps).findLastIndex((each) => each <= step),
      ),
    );
    player.redraw();
  }

  /**
   * The last picture at or before a base step, unless one was drawn a moment ago and another is coming.
   * @param {number} step
   * @param {boolean} inHurry
   */
  show(step, inHurry) {
    const slider = this.attached ? this.graph._fullLayout?.sliders?.[0] : null;
    if (!slider || (inHurry && performance.now() - this.drawingTime < EVERY)) return;
    const buttons = /** @type {?SVGElement} */ (this.graph.querySelector(".updatemenu-container"));
    if (buttons) buttons.style.display = "none";
    /** @type {SliderStep[]} */
    const steps = slider.steps.filter((/** @type {SliderStep} */ each) => each.visible !== false);
    const index = steps.findLastIndex(({ label }) => Number(label) <= step);
    if (index < 0 || index === slider.active) return;
    this.drawingTime = performance.now();
    this.driving = true;
    this.press(index / Math.max(1, steps.length - 1));
    this.driving = false;
  }

  /**
   * Press the slider's rail, the way in which a page can move it.
   * @param {number} share of its length
   */
  press(share) {
    const rail = this.graph.querySelector(".slider-rail-touch-rect");
    if (!rail) return;
    const { left, top, width, height } = rail.getBoundingClientRect();
    const place = { bubbles: true, clientX: left + share * width, clientY: top + height / 2, view: window };
    rail.dispatchEvent(new MouseEvent("mousedown", place));
    this.graph.dispatchEvent(new MouseEvent("mouseup", place));
  }

  remove() {
    this.graph?.removeListener?.("plotly_sliderchange", this.onSlide);
    this.graph = null;
  }
}
