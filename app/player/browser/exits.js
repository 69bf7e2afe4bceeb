// Where diverged runs leave their panel or the close-up.

import { between } from "./points.js";

/** @import {Exit, Point} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */
/** @import {Run} from "./run.js" */

/**
 * @param {Run} run
 * @param {Panel} panel
 * @returns {Exit}
 */
export function findExit(run, panel) {
  const row = leavingRow(run, (weights) => panel.contains(panel.place(weights)));
  return { row, point: exitPoint(run, panel, row) };
}

/**
 * The row from which a diverged run stays outside of `inside`, or has stopped within.
 * @param {Run} run
 * @param {(weights: Point) => boolean} inside
 */
export function leavingRow(run, inside) {
  let row = run.final;
  while (row > 0 && !inside(run.weights(0, row))) row--;
  return row === run.final ? run.stopped : row + 1;
}

/**
 * Where a run that arrives at a row is last seen on a panel.
 * @param {Run} run
 * @param {Panel} panel
 * @param {number} row
 * @returns {Point}
 */
export function exitPoint(run, panel, row) {
  const [before, after] = [run.weights(0, row - 1), run.weights(0, row)].map((weights) => panel.place(weights));
  return panel.contains(after) ? after : edgePoint(panel, before, after);
}

/**
 * Where the segment from a point inside a panel to one outside crosses its edge, moved inwards by the size of a mark.
 * @param {Panel} panel
 * @param {Point} inside
 * @param {Point} outside
 * @returns {Point}
 */
function edgePoint(panel, inside, outside) {
  const inset = 9;
  const shares = [panel.horizontal, panel.vertical].map((axis, index) => {
    const way = outside[index] - inside[index];
    const limit = way > 0 ? axis.end - inset : axis.offset + inset;
    return way === 0 ? 1 : Math.max(0, (limit - inside[index]) / way);
  });
  return between(inside, outside, Math.min(1, ...shares));
}
