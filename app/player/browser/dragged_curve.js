// The curves of a dragged optimizer over a linked chart, at fast and outermost slow weights.

import { lookOf } from "./look.js";
import { extend, near } from "./paths.js";
import { distance } from "./points.js";
import { ink } from "./theme.js";

/** @import {Color, Context, LinkedCurve, Point} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */
/** @import {Run} from "./run.js" */

/**
 * @param {Context} context
 * @param {Panel} panel
 * @param {LinkedCurve} curve
 * @param {Run[]} runs of one optimizer, from all starts
 * @param {Color[]} inks
 */
export function drawCurves(context, panel, curve, runs, inks) {
  const { depth } = runs[0];
  context.save();
  panel.clip(context);
  for (const layer of depth && !curve.measured && !curve.rate ? [0, depth] : [0]) {
    context.beginPath();
    trace(context, panel, pointsOf(curve, runs, layer));
    context.setLineDash(lookOf(layer).dash);
    context.lineWidth = layer ? 2.5 : 1.4;
    context.strokeStyle = ink(inks[layer]);
    context.stroke();
  }
  context.restore();
}

/**
 * @param {Context} context
 * @param {Panel} panel
 * @param {Point[]} points
 */
function trace(context, panel, points) {
  /** @type {?[number, number]} */
  let last = null;
  for (const point of points) {
    const [x, y] = [panel.x(point[0]), panel.y(point[1])];
    if (!Number.isFinite(y)) {
      last = null; // not on a logarithmic axis
      continue;
    }
    if (last) extend(context, ...last, x, y);
    else context.moveTo(near(x), near(y));
    last = [x, y];
  }
}

/**
 * A curve's points in data coordinates: gradient evaluations, and the value there.
 * @param {LinkedCurve} curve
 * @param {Run[]} runs of one optimizer, from all starts
 * @param {number} layer
 * @returns {Point[]}
 */
export function pointsOf(curve, runs, layer) {
  return curve.rate ? rates(curve, runs) : medians(curve, runs, layer);
}

/**
 * At every row the median over starts.
 * @param {LinkedCurve} curve
 * @param {Run[]} runs
 * @param {number} layer
 * @returns {Point[]}
 */
function medians(curve, runs, layer) {
  const rows = Math.max(...runs.map(({ final }) => final)) + 1;
  return Array.from({ length: rows }, (_, row) => [
    runs[0].evaluations[row],
    median(runs.map((run) => measure(curve, run, layer, row))),
  ]);
}

/**
 * The rate per base step, from distances at the synchronisations of the outermost layer, as `measured_rate` of
 * runs/games.py has it.
 * @param {LinkedCurve} curve
 * @param {Run[]} runs of which each row is a base step
 * @returns {Point[]}
 */
function rates(curve, runs) {
  const [{ depth, layers, rows, evaluations }] = runs;
  const [windows, least] = curve.rate;
  const period = depth ? layers[depth - 1].period : 1;
  const count = Math.floor((rows - 1) / period) + 1;
  const window = Math.max(1, Math.floor((count - 1) / windows));
  const gap = (/** @type {Run} */ run, /** @type {number} */ row) => {
    const value = measure(curve, run, depth, row);
    return value > least && (run.diverged < 0 || row < run.diverged) ? value : Number.NaN;
  };
  return Array.from({ length: Math.max(0, count - window) }, (_, index) => {
    const [before, row] = [index * period, (index + window) * period];
    const each = runs.map((run) => (gap(run, row) / gap(run, before)) ** (1 / (window * period)));
    return [evaluations[row], median(each.filter((rate) => rate >= 0))];
  });
}

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * @param {LinkedCurve} curve
 * @param {Run} run
 * @param {number} layer
 * @param {number} row
 */
function measure({ floor, places, measured }, run, layer, row) {
  if (measured) return run.measured?.[Math.min(row, run.rows - 1)] ?? Number.NaN;
  if (floor !== null) return run.lossOf(layer, row) - floor;
  const weights = run.weights(layer, row);
  return Math.min(...places.map((place) => distance(weights, place)));
}
