// One line on what happens at the player's step, and the switch for words in the picture.

import { partOf } from "./elements.js";
import { completedRow } from "./moment.js";
import { showWords, WORDS_CHANGED, wordsKnown, wordsShown } from "./words.js";

/** @import {Commands} from "./types.d.ts" */
/** @import {Player} from "./player.js" */

const LASTING = 1200; // ms that a line stays while it plays, so that it can be read

export class Narration {
  /**
   * @param {HTMLElement} element
   * @param {Commands} commands
   */
  constructor(element, commands) {
    element.innerHTML = `<p class="lp-line"><span></span></p>
      <button type="button" class="lp-toggle" title="Names in the picture, and what is seen, in words">Words</button>`;
    this.element = element;
    this.line = partOf(element, ".lp-line span");
    this.words = partOf(element, "button");
    this.words.onclick = () => showWords(!wordsShown());
    this.text = "";
    this.since = 0; // when the line was written
    /** @type {[number, string][]} */
    this.lines = [];
    this.onWords = () => {
      this.mark();
      commands.redraw();
    };
    window.addEventListener(WORDS_CHANGED, this.onWords);
  }

  /** @param {[number, string][]} lines each with the base step from which on it is shown */
  load(lines) {
    this.lines = lines;
    // Room for the longest, so that nothing moves when it is said.
    const longest = lines.reduce((most, [, text]) => (text.length > most.length ? text : most), "");
    this.line.parentElement.dataset.room = longest;
    this.since = 0;
    this.mark();
  }

  mark() {
    this.element.hidden = !this.lines.length && !wordsKnown();
    this.words.setAttribute("aria-pressed", String(wordsShown()));
  }

  /** @param {Player} player */
  follow({ playback, steps, dragging, startDragging }) {
    this.show(steps[completedRow(playback.moment)], playback.playing, dragging.active || startDragging.active);
  }

  /**
   * @param {number} step
   * @param {boolean} playing
   * @param {boolean} dragging what is drawn is not what was narrated
   */
  show(step, playing, dragging) {
    const text = dragging ? "" : this.at(step);
    const now = performance.now();
    // A screen reader hears the line of a step that was asked for, not all that play by.
    const live = playing ? "off" : "polite";
    if (this.line.parentElement.ariaLive !== live) this.line.parentElement.ariaLive = live;
    if (text === this.text || (playing && !dragging && now - this.since < LASTING)) return;
    this.line.textContent = text;
    this.text = text;
    this.since = now;
  }

  remove() {
    window.removeEventListener(WORDS_CHANGED, this.onWords);
  }

  /** @param {number} step */
  at(step) {
    const next = this.lines.findIndex(([first]) => first > step);
    return this.lines.at(next < 0 ? -1 : next - 1)?.[1] ?? "";
  }
}
