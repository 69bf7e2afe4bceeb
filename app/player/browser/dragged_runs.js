// Optimizers with a dragged number or start: trails, paths ahead, and the paths of neighbouring values.

import { hollow } from "./marks.js";
import { traceOutermost } from "./paths.js";
import { drawSlope } from "./slope_arrow.js";
import { ink } from "./theme.js";

/** @import {Context} from "./types.d.ts" */
/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

const AHEAD = 0.5; // opacity of the path from the present row to the end
const WIDTH = 1.6; // px

/**
 * @param {Context} context
 * @param {Scene} scene
 * @param {number} row
 */
export function drawDraggedRuns(context, scene, row) {
  const runs = scene.runs.filter((run) => scene.draggedNames.has(run.name) && scene.anyShown(run));
  if (!runs.length) return;
  if (scene.heldStart) drawStart(context, scene);
  for (const { run, alpha } of scene.ghosts) drawWay(context, scene, run, 0, alpha);
  for (const run of runs) {
    drawWay(context, scene, run, run.clamp(row), AHEAD);
    const panel = scene.panelOf(run);
    context.save();
    panel.clip(context);
    scene.trails.whole(scene, panel, run, row);
    context.restore();
  }
}

/**
 * The dragged start, before its runs have arrived, and the direction of a step from there.
 * @param {Context} context
 * @param {Scene} scene
 */
function drawStart(context, scene) {
  const { weights, panel } = scene.heldStart;
  drawSlope(context, scene, scene.heldStart);
  hollow(context, "circle", panel.place(weights), 6, ink(scene.theme.text), ink(scene.theme.background, 0.9));
}

/**
 * The path of the outermost weights from a row to the end, thin and without dashes.
 * @param {Context} context
 * @param {Scene} scene
 * @param {Run} run
 * @param {number} from
 * @param {number} alpha
 */
function drawWay(context, scene, run, from, alpha) {
  const inks = scene.inks(scene.runs.find(({ name }) => name === run.name));
  const panel = scene.panelOf(run);
  context.save();
  panel.clip(context);
  context.beginPath();
  traceOutermost(context, panel, run, from);
  context.lineJoin = "round";
  context.lineWidth = WIDTH * scene.thickness;
  context.strokeStyle = ink(inks[run.depth], alpha);
  context.stroke();
  context.restore();
}
