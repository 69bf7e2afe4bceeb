// Where a step from a place would go: downhill on a surface; in a field without one, where the inspected run goes first.

import { sample } from "./heights.js";
import { arrow } from "./marks.js";
import { distance } from "./points.js";
import { ink } from "./theme.js";

/** @import {Context, Heights, Point} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */
/** @import {Scene} from "./scene.js" */

const LENGTH = 52; // px
const TIP = 9; // px

/**
 * Minus the gradient of a surface, from differences over a cell of its grid; [0, 0] where it is flat, and outside.
 * @param {Heights} heights
 * @param {Point} place
 * @returns {Point}
 */
export function downhill(heights, [x, y]) {
  const [across, up] = [heights.x[1] - heights.x[0], heights.y[1] - heights.y[0]];
  const dx = (sample(heights, x - across, y) - sample(heights, x + across, y)) / (2 * across);
  const dy = (sample(heights, x, y - up) - sample(heights, x, y + up)) / (2 * up);
  return Number.isFinite(dx) && Number.isFinite(dy) ? [dx, dy] : [0, 0];
}

/**
 * An arrow of one length from the start under the hand, with what it stands for.
 * @param {Context} context
 * @param {Scene} scene
 * @param {{weights: Point, panel: Panel, onSurface: boolean}} start
 */
export function drawSlope(context, scene, { weights, panel, onSurface }) {
  const heights = onSurface && scene.stage.heights(scene.stage.panels.indexOf(panel));
  const [way, name] = heights ? [downhill(heights, weights), "−∇f"] : [firstStep(scene), "first step"];
  const from = panel.place(weights);
  const size = Math.hypot(...way);
  if (!(size > 0)) return;
  const small = (1e-3 * Math.abs(panel.horizontal.range[1] - panel.horizontal.range[0])) / size;
  const beside = panel.place([weights[0] + small * way[0], weights[1] + small * way[1]]);
  const factor = LENGTH / Math.max(distance(from, beside), 1e-9);
  /** @type {Point} */
  const to = [from[0] + factor * (beside[0] - from[0]), from[1] + factor * (beside[1] - from[1])];
  scene.slope = [from, to];
  for (const [color, width] of /** @type {const} */ ([
    [ink(scene.theme.background, 0.9), 6],
    [ink(scene.theme.text), 2.4],
  ])) {
    context.strokeStyle = color;
    context.lineWidth = width;
    arrow(context, from, to, TIP);
  }
  context.font = `600 13px ${scene.theme.font}`;
  context.lineWidth = 4;
  context.strokeStyle = ink(scene.theme.background, 0.9);
  context.fillStyle = ink(scene.theme.text);
  const at = to[0] < from[0] ? to[0] - 8 - context.measureText(name).width : to[0] + 8;
  context.strokeText(name, at, to[1] + 4);
  context.fillText(name, at, to[1] + 4);
}

/**
 * @param {Scene} scene
 * @returns {Point}
 */
function firstStep({ inspected, runs }) {
  const run = runs.find(({ id }) => id === inspected?.id) ?? inspected;
  if (!run || run.rows < 2) return [0, 0];
  const [before, after] = [run.weights(0, 0), run.weights(0, 1)];
  return [after[0] - before[0], after[1] - before[1]];
}
