// The curves of a dragged optimizer over a linked chart, at fast and outermost slow weights.

import { lookOf } from "./look.js";
import { extend, near } from "./paths.js";
import { distance } from "./points.js";
import { ink } from "./theme.js";

/** @import {Color, Context, LinkedCurve} from "./types.d.ts" */
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
  for (const layer of depth ? [0, depth] : [0]) {
    context.beginPath();
    traceCurve(context, panel, curve, runs, layer);
    context.setLineDash(lookOf(layer).dash);
    context.lineWidth = layer ? 2.5 : 1.4;
    context.strokeStyle = ink(inks[layer]);
    context.stroke();
  }
  context.restore();
}

/**
 * The median over starts.
 * @param {Context} context
 * @param {Panel} panel
 * @param {LinkedCurve} curve
 * @param {Run[]} runs
 * @param {number} layer
 */
function traceCurve(context, panel, curve, runs, layer) {
  const rows = Math.max(...runs.map(({ final }) => final));
  /** @type {?[number, number]} */
  let last = null;
  for (let row = 0; row <= rows; row++) {
    const values = runs.map((run) => measure(curve, run, layer, row)).sort((a, b) => a - b);
    const half = values.length / 2;
    const value = values.length % 2 ? values[Math.floor(half)] : (values[half - 1] + values[half]) / 2;
    const [x, y] = [panel.x(runs[0].evaluations[row]), panel.y(value)];
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
 * @param {LinkedCurve} curve
 * @param {Run} run
 * @param {number} layer
 * @param {number} row
 */
function measure({ floor, places }, run, layer, row) {
  if (floor !== null) return run.lossOf(layer, row) - floor;
  const weights = run.weights(layer, row);
  return Math.min(...places.map((place) => distance(weights, place)));
}
