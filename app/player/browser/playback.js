// The position of playback and its motion, in rows and seconds, independent of the page.

import { BASE_SHARE, momentOf } from "./moment.js";

export const ROWS_PER_SECOND = 10; // at speed 1
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20];
const ANIMATED_UP_TO = 2; // beyond this speed a synchronisation takes no time of its own
const STEP_SECONDS = 0.25;
const STEP_SYNCHRONISATION_SECONDS = 1.1;
const LOOP_PAUSE = 1.2; // seconds at the end before starting again

export class Playback {
  constructor() {
    this.position = 0;
    this.playing = false;
    this.speed = 1;
    this.loop = false;
    this.pausing = false;
    this.still = false; // whether the visitor's system asks for less motion
    /** @type {?number} the row that a single step is on its way to */
    this.goal = null;
    this.restSeconds = 0;
    this.rows = 1;
    /** @type {Uint8Array} */
    this.synchronising = new Uint8Array(1);
    /** @type {Uint8Array} */
    this.stops = new Uint8Array(1);
  }

  /**
   * `synchronising`: layers that synchronise at each row in some shown run; `stops`: rows to pause at and to jump to.
   * @param {number} rows
   * @param {Uint8Array} synchronising
   * @param {Uint8Array} stops
   */
  load(rows, synchronising, stops) {
    this.rows = rows;
    this.synchronising = synchronising;
    this.stops = stops;
    this.position = Math.min(this.position, rows - 1);
    if (this.goal !== null) this.goal = Math.min(this.goal, rows - 1);
  }

  get end() {
    return this.rows - 1;
  }

  /** The row that is shown, or the goal of a single step under way. */
  get row() {
    return this.goal ?? Math.floor(this.position + 1e-9);
  }

  get moving() {
    return this.playing || this.goal !== null;
  }

  get moment() {
    return momentOf(this.still || this.instant ? Math.floor(this.position + 1e-9) : this.position, this.synchronising);
  }

  /** Whether rows pass too quickly for the motion between them to be visible. */
  get instant() {
    return this.goal === null && this.playing && this.speed * ROWS_PER_SECOND > 60;
  }

  play() {
    if (this.position >= this.end) this.position = 0;
    this.goal = null;
    this.playing = this.end > 0;
    this.restSeconds = 0;
  }

  pause() {
    this.playing = false;
  }

  /** @param {number} row */
  seek(row) {
    this.goal = null;
    this.position = Math.max(0, Math.min(this.end, row));
    this.restSeconds = 0;
  }

  /**
   * Move to a later row as a visible motion; a second call finishes the first at once.
   * @param {number} row
   */
  walk(row) {
    const from = this.row;
    this.playing = false;
    this.seek(Math.max(row - 1, from));
    if (this.still || row > this.end) this.seek(row);
    else if (row > this.position) this.goal = row;
  }

  next() {
    for (let row = this.row + 1; row <= this.end; row++) if (this.stops[row]) return row;
    return this.end;
  }

  previous() {
    for (let row = Math.ceil(this.position) - 1; row > 0; row--) if (this.stops[row]) return row;
    return 0;
  }

  /** @param {number} row */
  seconds(row) {
    const count = this.synchronising[row];
    const factor = 1 + 0.5 * (count - 1);
    if (this.goal !== null) return [STEP_SECONDS, count ? factor * STEP_SYNCHRONISATION_SECONDS : 0];
    const isAnimated = count && !this.still && this.speed <= ANIMATED_UP_TO;
    return [1 / (ROWS_PER_SECOND * this.speed), isAnimated ? factor * Math.min(2.4, 0.6 / this.speed) : 0];
  }

  /**
   * Playing time of the whole at a speed, in seconds.
   * @param {number} speed
   */
  duration(speed) {
    const trial = Object.assign(new Playback(), this, { speed, goal: null });
    let total = 0;
    for (let row = 1; row <= this.end; row++) total += trial.seconds(row)[0] + trial.seconds(row)[1];
    return total;
  }

  /**
   * Let `left` seconds pass.
   * @param {number} left
   */
  advance(left) {
    if (this.playing && this.position >= this.end) return this.rest(left);
    while (left > 0 && this.moving && this.position < this.end) left = this.part(left);
    if (this.position >= this.end && !this.loop) this.playing = false;
    return this.moving;
  }

  /**
   * Go on to the end of the present part of a row (its base step, or its synchronisation); seconds that remain.
   * @param {number} left
   */
  part(left) {
    const row = Math.floor(this.position + 1e-9);
    const share = this.position - row;
    const [base, synchronisation] = this.seconds(row + 1);
    const split = this.synchronising[row + 1] ? BASE_SHARE : 1;
    const stepping = share < split - 1e-9;
    const [until, lasting] = stepping ? [split, base] : [1, synchronisation];
    const span = stepping ? split : 1 - split;
    const remaining = ((until - share) / span) * lasting;
    if (remaining > left + 1e-6) {
      this.position += (left / lasting) * span;
      return 0;
    }
    this.position = until === 1 ? row + 1 : row + until;
    if (until === 1) this.arrive(row + 1);
    return Math.max(0, left - remaining);
  }

  /** @param {number} row */
  arrive(row) {
    if (this.goal !== null && row >= this.goal) this.goal = null;
    if (this.playing && this.pausing && this.stops[row]) this.playing = false;
  }

  /** @param {number} seconds */
  rest(seconds) {
    if (!this.loop) {
      this.playing = false;
      return false;
    }
    this.restSeconds += seconds;
    if (this.restSeconds >= LOOP_PAUSE) this.seek(0);
    return true;
  }
}
