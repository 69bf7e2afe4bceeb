// The rail under a dragged number: its range, the present value, red where a run diverges, and marks at
// the stability limits of the closed form.

import { partOf } from "./elements.js";
import { shortNumber } from "./numbers.js";

/** @import {DialHandle} from "./dial_handle.js" */
/** @import {Family} from "./family.js" */

const LENGTH = 240; // px, where there is room
const LEAST = 100;
const MARGIN = 10; // px between the rail and the player's edge

export class DialRail {
  /**
   * @param {DialHandle} handle
   * @param {number} x of the page, where the thumb is at first
   */
  constructor({ dial, element, index, last, root }, x) {
    this.dial = dial;
    const [box, own] = [root.getBoundingClientRect(), element.getBoundingClientRect()];
    const room = [(x - box.left - MARGIN) / (index || 1), (box.right - x - MARGIN) / (last - index || 1)];
    this.pitch = Math.max(LEAST / last, Math.min(LENGTH / last, ...room));
    this.element = document.createElement("div");
    this.element.className = "lp-dial-rail";
    this.element.setAttribute("aria-hidden", "true");
    this.element.innerHTML = `<div class="lp-dial-track"></div><div class="lp-dial-thumb"></div>
      <output class="lp-dial-value"></output><small></small>`;
    const { style } = this.element;
    style.left = `${x - box.left - index * this.pitch}px`;
    style.top = `${own.bottom - box.top + 26}px`;
    style.width = `${last * this.pitch}px`;
    this.track = partOf(this.element, ".lp-dial-track");
    this.thumb = partOf(this.element, ".lp-dial-thumb");
    this.value = partOf(this.element, ".lp-dial-value");
    this.note = partOf(this.element, "small");
    if (!dial.live) this.note.textContent = "a long run: it follows when you let go";
    root.append(this.element);
    this.point(index);
  }

  /** @param {number} index */
  point(index) {
    const x = `translateX(${index * this.pitch}px)`;
    this.thumb.style.transform = x;
    this.value.style.transform = `${x} translateX(-50%)`;
    this.value.textContent = shortNumber(this.dial.values[index]);
  }

  /** @param {Family} family */
  mark({ diverges, limits }) {
    const stops = diverges.map((bad, index) => {
      const [from, to] = [index - 0.5, index + 0.5].map((edge) => `${edge * this.pitch}px`);
      return `var(${bad ? "--lp-bad" : "--lp-rest"}) ${from} ${to}`;
    });
    this.track.style.background = `linear-gradient(90deg, ${stops.join(",")})`;
    this.element.dataset.diverges = diverges.map(Number).join("");
    for (const limit of limits) {
      const mark = this.element.appendChild(document.createElement("i"));
      mark.className = "lp-dial-limit";
      mark.title = `stability ends at ${shortNumber(limit)}`;
      mark.style.left = `${this.place(limit) * this.pitch}px`;
    }
    if (limits.length > 1) this.note.textContent = "closed form: stable and unstable change at each mark";
    else if (limits.length) this.note.textContent = `closed form: stable up to the mark at ${shortNumber(limits[0])}`;
    else if (diverges.includes(true)) this.note.textContent = "red: diverges";
  }

  /**
   * A value's place among the dial's values, in steps of one.
   * @param {number} value
   */
  place(value) {
    const { values } = this.dial;
    const above = Math.max(
      1,
      values.findIndex((each) => each >= value),
    );
    return above - 1 + (value - values[above - 1]) / (values[above] - values[above - 1]);
  }

  remove() {
    this.element.remove();
  }
}
