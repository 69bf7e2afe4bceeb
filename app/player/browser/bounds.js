// Boxes around runs, in data units.

import { pointAt } from "./points.js";

/** @import {Box, Point} from "./types.d.ts" */
/** @import {Run} from "./run.js" */

/**
 * [left, right, bottom, top] around all places of a cycle, within `home` if given.
 * @param {Run} run
 * @param {[number, number]} cycle
 * @param {?Box} home
 * @returns {Box}
 */
export function boundsOf(run, [first, last], home) {
  const box = [Infinity, -Infinity, Infinity, -Infinity];
  const include = (/** @type {Point} */ [x, y]) => {
    box[0] = Math.min(box[0], x);
    box[1] = Math.max(box[1], x);
    box[2] = Math.min(box[2], y);
    box[3] = Math.max(box[3], y);
  };
  for (let row = first; row <= last; row++) {
    include(run.weights(0, row));
    include(pointAt(run.proposal, row));
    for (const { to } of run.updates(row)) include(to); // with outer momentum it may lie beyond all others
  }
  for (let layer = 1; layer <= run.depth; layer++) include(run.weights(layer, first));
  return home ? box.map((edge, side) => Math.max(home[side & 2], Math.min(home[(side & 2) + 1], edge))) : box;
}

/**
 * @param {Box} box
 * @param {Point} point
 */
export function within([left, right, bottom, top], [x, y]) {
  return x >= left && x <= right && y >= bottom && y <= top;
}

/**
 * A box around the runs that did not diverge; of diverged ones only the start, and one step where all diverged.
 * @param {Run[]} runs
 * @returns {Box}
 */
export function extentOf(runs) {
  const box = [Infinity, -Infinity, Infinity, -Infinity];
  const few = runs.every(({ diverged }) => diverged >= 0) ? 2 : 1;
  for (const run of runs) {
    const rows = run.diverged < 0 ? run.rows : Math.min(few, run.rows);
    for (let row = 0; row < rows; row++) {
      const [x, y] = run.weights(0, row);
      box[0] = Math.min(box[0], x);
      box[1] = Math.max(box[1], x);
      box[2] = Math.min(box[2], y);
      box[3] = Math.max(box[3], y);
    }
  }
  if (box[0] > box[1]) return [-1, 1, -1, 1];
  const pads = [box[1] - box[0], box[3] - box[2]].map((side) => 0.1 * side || 1);
  return [box[0] - pads[0], box[1] + pads[0], box[2] - pads[1], box[3] + pads[1]];
}
