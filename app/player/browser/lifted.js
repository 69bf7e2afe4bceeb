// An optimizer one of whose numbers is dragged: its trails, its way ahead, and the ways of neighbouring values.

import { traceOutermost } from "./paths.js";
import { ink } from "./theme.js";

/** @import {Context} from "./types.d.ts" */
/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

const AHEAD = 0.5; // opacity of the way from the present row to the end
const WIDTH = 1.6; // px

/**
 * @param {Context} context
 * @param {Scene} scene
 * @param {number} row
 */
export function drawLifted(context, scene, row) {
  const runs = scene.runs.filter((run) => run.name === scene.lifted && scene.anyShown(run));
  if (!runs.length) return;
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
 * The way of the outermost weights from a row to the end, thin and without dashes.
 * @param {Context} context
 * @param {Scene} scene
 * @param {Run} run
 * @param {number} from
 * @param {number} alpha
 */
function drawWay(context, scene, run, from, alpha) {
  const inks = scene.inks(scene.runs.find(({ name }) => name === scene.lifted));
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
