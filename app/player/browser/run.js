// A run in the player. Layer 0 stands for the fast weights θ, layer j >= 1 for the slow weights φ_j, 1 being
// the innermost. Row 0 is the start. The layout of the bytes is described in pack.py.

import { outerMomenta, outerStep } from "./outer.js";
import { between, pointAt } from "./points.js";

/** @import {Header, Layer, OuterStep, Point, Points, Update} from "./types.d.ts" */
/** @import {Reader} from "./unpack.js" */

/**
 * @param {number[][]} entries k, α and, with outer momentum, μ and 1 for Nesterov's rule; innermost first
 * @returns {Layer[]}
 */
function layersOf(entries) {
  let period = 1;
  return entries.map(([k, alpha, mu = 0, nesterov = 0]) => {
    const within = period;
    period *= k;
    return { k, alpha, mu, nesterov: nesterov > 0, within, period };
  });
}

export class Run {
  /**
   * @param {Header} header
   * @param {Reader} reader
   */
  constructor(header, reader) {
    const { rows } = header;
    this.color = header.color;
    this.rows = rows;
    this.consecutive = header.consecutive;
    this.diverged = header.diverged;
    this.panel = header.panel;
    this.start = header.start;
    this.lr = header.lr;
    this.delta = header.delta;
    this.ahead = header.ahead;
    this.rename(header.name);
    this.layers = layersOf(header.layers);
    this.resets = header.resets;
    /** @type {?Points[]} */
    this.momenta = null;
    this.fast = reader.points(rows);
    this.loss = reader.floats(rows);
    this.sparse = reader.points(header.proposals);
    this.averaged = header.averaged ? reader.points(rows) : null;
    this.slow = header.slow ? header.layers.map(() => reader.points(rows)) : null;
    this.step = reader.progression(header.step, rows);
    this.evaluations = reader.progression(header.evaluations, rows);
    this.measured = header.measured ? reader.floats(rows) : null;
    this.cloud = header.cloud ? { count: header.cloud, ...reader.points(rows * header.cloud) } : null;
    this.spread = header.cloud ? Array.from({ length: 5 }, () => reader.floats(rows)) : null;
  }

  /** @param {string} name of its optimizer */
  rename(name) {
    this.name = name;
    this.id = `${name}/${this.start}`;
  }

  /** How many layers are due at each row by their periods alone. */
  due() {
    const layersAt = (/** @type {number} */ step) => this.layers.filter(({ period }) => step % period === 0).length;
    return Uint8Array.from(this.step, (step, row) => (row ? layersAt(step) : 0));
  }

  /**
   * Fill in what follows from `synchronised`: proposals, and for each layer the row of its last synchronisation.
   * @param {Uint8Array} counts
   */
  complete(counts) {
    this.synchronised = counts.slice();
    this.stop();
    this.proposal = { x: this.fast.x.slice(), y: this.fast.y.slice() };
    this.last = this.layers.map(() => new Int32Array(this.rows));
    let index = 0;
    for (let row = 0; row < this.rows; row++) {
      if (counts[row]) {
        this.proposal.x[row] = this.sparse.x[index];
        this.proposal.y[row] = this.sparse.y[index++];
      }
      // The start is no synchronisation, and a diverged run stays in place.
      if (row === 0 || this.ended(row)) this.synchronised[row] = 0;
      for (const [below, last] of this.last.entries()) {
        last[row] = this.synchronised[row] > below ? row : (last[row - 1] ?? 0);
      }
    }
    delete this.sparse;
  }

  /** A run that diverged has stopped by the row `stopped`, which may lie behind its last; from `final` on it stays put. */
  stop() {
    const row = this.step.findIndex((/** @type {number} */ step) => step >= this.diverged);
    this.stopped = this.diverged < 0 ? this.rows - 1 : row < 0 ? this.rows : row;
    this.final = Math.min(this.rows - 1, this.stopped);
  }

  get depth() {
    return this.layers.length;
  }

  /** Whether updates can be computed, which needs every base step. */
  get explains() {
    return this.consecutive && this.depth > 0 && !this.cloud;
  }

  /**
   * The run's row at a row of the timeline, which continues after this run has ended.
   * @param {number} row
   */
  clamp(row) {
    return Math.max(0, Math.min(this.final, row));
  }

  /**
   * Whether a run that diverged has stopped by a row.
   * @param {number} row
   */
  ended(row) {
    return this.diverged >= 0 && row >= this.stopped;
  }

  /**
   * The weights of a layer at a row: slow weights are the fast ones right after their layer last synchronised.
   * @param {number} layer
   * @param {number} row
   * @returns {Point}
   */
  weights(layer, row) {
    const at = this.clamp(row);
    if (layer === 0) return pointAt(this.fast, at);
    return this.slow ? pointAt(this.slow[layer - 1], at) : pointAt(this.fast, this.last[layer - 1][at]);
  }

  /**
   * @param {number} layer
   * @param {number} row
   */
  lossOf(layer, row) {
    const at = this.clamp(row);
    if (layer === 0) return this.loss[at];
    return this.slow ? NaN : this.loss[this.last[layer - 1][at]];
  }

  /**
   * The updates of the layers that synchronised at a row, innermost first: φ_j moves from `from` towards `target`
   * (θ, or the φ_{j-1} just updated) and arrives at `to`, with outer momentum on or beside the line or beyond it. After the last, everything inside restarts from its `to`.
   * @param {number} row
   * @returns {Update[]}
   */
  updates(row) {
    const count = this.explains && row > 0 && row < this.rows ? this.synchronised[row] : 0;
    const updates = [];
    let target = pointAt(this.proposal, row);
    for (let layer = 1; layer <= count; layer++) {
      const from = this.weights(layer, row - 1);
      const { alpha } = this.layers[layer - 1];
      const { to, ...outer } = this.moveOf(layer, from, target, row - 1);
      const landing = layer === count ? pointAt(this.fast, row) : to;
      updates.push({ layer, alpha, from, target, to: landing, ...outer });
      target = landing;
    }
    return updates;
  }

  /**
   * Where a layer moves that is drawn from one place to another after a row, and its outer step where it has momentum.
   * @param {number} layer
   * @param {Point} from
   * @param {Point} target
   * @param {number} row
   * @returns {{to: Point, outer?: OuterStep}}
   */
  moveOf(layer, from, target, row) {
    const own = this.layers[layer - 1];
    if (!own.mu) return { to: between(from, target, own.alpha) };
    this.momenta ??= outerMomenta(this);
    const { to, ...outer } = outerStep(own, from, target, pointAt(this.momenta[layer - 1], this.clamp(row)));
    return { to, outer };
  }

  /**
   * How far a layer's clock has come: k at its synchronisation, 0 from the next step of the layer below it on.
   * @param {number} layer
   * @param {number} row
   */
  counter(layer, row) {
    const { k, within, period } = this.layers[layer - 1];
    const step = this.step[this.clamp(row)];
    if (step > 0 && step % period === 0) return k;
    return Math.floor(step / within) % k;
  }

  /**
   * Base steps until a layer next synchronises.
   * @param {number} layer
   * @param {number} row
   */
  untilSynchronised(layer, row) {
    const { period } = this.layers[layer - 1];
    return period - (this.step[this.clamp(row)] % period);
  }

  /**
   * The row after which the fast weights have moved freely: that of the last synchronisation before `row`.
   * @param {number} row
   */
  blockStart(row) {
    return this.last.length && row > 0 ? this.last[0][row - 1] : 0;
  }
}
