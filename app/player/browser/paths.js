// The polylines of runs; points far off a canvas are moved closer, since a canvas loses precision there.

import { distance, pointAt } from "./points.js";

/** @import {Context, Point, Points} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */
/** @import {Run} from "./run.js" */

export const FAR = 20000; // px

/**
 * Add points of rows from..to to the current path, shortening segments that run far off the canvas.
 * @param {Context} context
 * @param {Panel} panel
 * @param {Points} points
 * @param {number} from
 * @param {number} to
 */
export function trace(context, panel, points, from, to) {
  let [x, y] = [panel.x(points.x[from]), panel.y(points.y[from])];
  context.moveTo(near(x), near(y));
  for (let row = from + 1; row <= to; row++) {
    const [nextX, nextY] = [panel.x(points.x[row]), panel.y(points.y[row])];
    extend(context, x, y, nextX, nextY);
    x = nextX;
    y = nextY;
  }
}

/**
 * @param {Context} context
 * @param {number} x
 * @param {number} y
 * @param {number} nextX
 * @param {number} nextY
 */
export function extend(context, x, y, nextX, nextY) {
  const reach = Math.max(Math.abs(nextX), Math.abs(nextY));
  if (reach < FAR || Math.max(Math.abs(x), Math.abs(y)) > FAR) {
    context.lineTo(near(nextX), near(nextY));
  } else {
    const share = FAR / reach;
    context.lineTo(x + share * (nextX - x), y + share * (nextY - y));
  }
}

/** @param {number} pixel */
export function near(pixel) {
  return Math.max(-FAR, Math.min(FAR, pixel));
}

/**
 * @param {Point} point
 * @returns {Point}
 */
export function nearPoint([x, y]) {
  return [near(x), near(y)];
}

/**
 * The fast path between two synchronisations, up to the point that was discarded.
 * @param {Context} context
 * @param {Panel} panel
 * @param {Run} run
 * @param {number} row
 */
export function traceBlock(context, panel, run, row) {
  const start = run.blockStart(row);
  trace(context, panel, run.fast, start, row - 1);
  const [x, y] = pointAt(run.proposal, row);
  extend(context, panel.x(run.fast.x[row - 1]), panel.y(run.fast.y[row - 1]), panel.x(x), panel.y(y));
}

/**
 * The path of the outermost weights from a row to the end, straight from one synchronisation to the next.
 * @param {Context} context
 * @param {Panel} panel
 * @param {Run} run
 * @param {number} from
 */
export function traceOutermost(context, panel, run, from) {
  if (!run.explains) return trace(context, panel, run.fast, from, run.final);
  const { x: xs, y: ys } = run.fast;
  const start = run.last[run.depth - 1][from];
  let [x, y] = [panel.x(xs[start]), panel.y(ys[start])];
  context.moveTo(near(x), near(y));
  for (let row = start + 1; row <= run.final; row++) {
    if (run.synchronised[row] < run.depth) continue;
    const [nextX, nextY] = [panel.x(xs[row]), panel.y(ys[row])];
    extend(context, x, y, nextX, nextY);
    x = nextX;
    y = nextY;
  }
}

/**
 * The path of a layer's slow weights after row `from`, up to row `to`.
 * @param {Context} context
 * @param {Panel} panel
 * @param {Run} run
 * @param {number} layer
 * @param {number} from
 * @param {number} to
 */
export function traceLayer(context, panel, run, layer, from, to) {
  /** @type {?Point} */
  let last = null;
  for (let row = from + 1; row <= to; row++) {
    if (run.synchronised[row] < layer) continue;
    const update = run.updates(row)[layer - 1];
    const [start, end] = [panel.place(update.from), panel.place(update.to)];
    const isJoined = last && distance(last, start) < 0.01;
    if (!isJoined) context.moveTo(near(start[0]), near(start[1]));
    extend(context, ...start, ...end);
    last = end;
  }
}
