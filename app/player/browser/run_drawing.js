// The moving part of a run, drawn alike on the surface and in the close-up: the path since the last synchronisation, the
// pull of θ on φ with the fraction α marked on it, the update while it happens, and the heads.

import { drawNames, headBox, nameFraction } from "./head_labels.js";
import { AVERAGE, lookOf, PROJECTOR } from "./look.js";
import { arrow, head, hollow, line } from "./marks.js";
import { explanationOf, placeOf } from "./moment.js";
import { extend, nearPoint, trace, traceBlock, traceLayer } from "./paths.js";
import { between, distance, pointAt } from "./points.js";
import { ink } from "./theme.js";

/** @import {Box, Context, Explanation, Head, LayerName, Moment, Point, RunPicture, Update} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */
/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

const TAIL_ROWS = 48;
const TAIL_PARTS = 6;

/**
 * All of it. `detail`: also the pull lines, the steps as dots, and the names of the heads. Returns the heads drawn.
 * @param {Context} context
 * @param {Panel} panel
 * @param {Scene} scene
 * @param {Run} run
 * @param {Moment} moment
 * @param {{detail?: boolean, explained?: boolean, words?: boolean, size?: number}} [options]
 */
export function drawRun(context, panel, scene, run, moment, options = {}) {
  const { detail = false, explained = true, words = false, size = 1 } = options;
  const explanation = explanationOf(run, moment);
  const inks = scene.inks(run);
  const picture = {
    ...{ context, panel, run, moment, size, words, inks },
    enlarged: scene.theme.presented ? PROJECTOR.letters : 1,
    halo: ink(scene.theme.background, 0.9),
    font: scene.theme.font,
    letters: scene.letters(run),
    boxes: /** @type {Box[]} */ ([]),
    fresh: explanation?.fade === 1,
    shown: (/** @type {LayerName} */ layer) => scene.shown(run, layer),
  };
  drawWays(picture);
  drawPath(picture, explanation, detail);
  if (detail) drawPull(picture, explanation);
  if (explanation && explained) drawUpdates(picture, explanation, detail);
  const heads = drawHeads(picture);
  if (detail) drawNames(picture, heads);
  return heads;
}

/**
 * The paths of the inner layers since the layer around them last synchronised.
 * @param {RunPicture} picture
 */
function drawWays({ context, panel, run, moment, inks, size, shown }) {
  if (!run.explains) return;
  const now = run.clamp(moment.row);
  for (let layer = run.depth - 1; layer > 0; layer--) {
    if (!shown(layer)) continue;
    context.beginPath();
    traceLayer(context, panel, run, layer, run.last[layer][now], now);
    context.setLineDash(lookOf(layer).dash);
    context.lineWidth = lookOf(layer).width * size;
    context.strokeStyle = ink(inks[layer], 0.9);
    context.stroke();
  }
  context.setLineDash([]);
}

/**
 * @param {RunPicture} picture
 * @param {?Explanation} explanation
 * @param {boolean} detail
 */
function drawPath(picture, explanation, detail) {
  if (!picture.shown(0)) return;
  const { context, panel, run, moment, inks, size } = picture;
  context.lineJoin = "round";
  context.lineWidth = lookOf(0).width * size;
  if (!run.explains) return drawTail(picture);
  if (explanation?.progress === 1) drawGhost(picture, explanation);
  const restarting = explanation && explanation.progress < 1 ? explanation.stages.restart : 0;
  context.strokeStyle = ink(inks[0], 0.95 - 0.6 * restarting);
  context.beginPath();
  const start = run.last[0][run.clamp(moment.row)];
  trace(context, panel, run.fast, start, run.clamp(moment.row));
  const end = explanation && explanation.progress < 1 ? explanation.updates[0].target : placeOf(run, 0, moment);
  extend(context, ...panel.place(run.weights(0, moment.row)), ...panel.place(end));
  context.stroke();
  if (detail) drawSteps(picture, start);
}

/**
 * @param {RunPicture} picture
 * @param {Explanation} explanation
 */
function drawGhost({ context, panel, run, inks }, explanation) {
  context.beginPath();
  traceBlock(context, panel, run, explanation.row);
  context.strokeStyle = ink(inks[0], 0.45 * explanation.fade);
  context.stroke();
}

/**
 * @param {RunPicture} picture
 * @param {number} start
 */
function drawSteps({ context, panel, run, moment, inks, size }, start) {
  context.fillStyle = ink(inks[0]);
  for (let row = start; row <= run.clamp(moment.row); row++) {
    const [x, y] = panel.place(run.weights(0, row));
    context.beginPath();
    context.arc(x, y, 2.3 * size, 0, 7);
    context.fill();
  }
}

/**
 * The last rows of a run without slow weights, the brighter the newer.
 * @param {RunPicture} picture
 */
function drawTail({ context, panel, run, moment, inks, size }) {
  const now = run.clamp(moment.row);
  for (let part = 1; part <= TAIL_PARTS; part++) {
    const from = Math.max(0, now - Math.round((TAIL_ROWS * (TAIL_PARTS - part + 1)) / TAIL_PARTS));
    const to = Math.max(0, now - Math.round((TAIL_ROWS * (TAIL_PARTS - part)) / TAIL_PARTS));
    if (from === to && part < TAIL_PARTS) continue;
    context.beginPath();
    trace(context, panel, run.fast, from, to);
    if (part === TAIL_PARTS) {
      extend(context, ...panel.place(run.weights(0, now)), ...panel.place(placeOf(run, 0, moment)));
    }
    context.lineWidth = lookOf(0).width * size * (0.9 + (0.7 * part) / TAIL_PARTS);
    context.strokeStyle = ink(inks[0], part / TAIL_PARTS);
    context.stroke();
  }
}

/**
 * Between synchronisations: from each φ towards its target, and where it would arrive if it synchronised now.
 * @param {RunPicture} picture
 * @param {?Explanation} explanation
 */
function drawPull(picture, explanation) {
  const { context, panel, run, moment, inks, halo, size } = picture;
  if (!run.explains) return;
  const busy = explanation && explanation.progress < 1 ? explanation.updates.length : 0;
  for (let layer = run.depth; layer > busy; layer--) {
    if (!picture.shown(layer)) continue;
    const [slow, pulling] = [placeOf(run, layer, moment), placeOf(run, layer - 1, moment)];
    const [from, to] = [panel.place(slow), panel.place(pulling)];
    if (distance(from, to) < 14) continue;
    context.setLineDash([2, 4]);
    context.lineWidth = 1.4 * size;
    context.strokeStyle = ink(inks[layer], 0.75);
    line(context, from, to);
    context.setLineDash([]);
    const landing = panel.place(run.moveOf(layer, slow, pulling, moment.row).to);
    hollow(context, lookOf(layer).shape, landing, 3.2 * size, ink(inks[layer], 0.9), halo);
  }
}

/**
 * @param {RunPicture} picture
 * @param {Explanation} explanation
 * @param {boolean} detail
 */
function drawUpdates(picture, explanation, detail) {
  const { context } = picture;
  context.save();
  context.globalAlpha = explanation.fade;
  const { updates, stages } = explanation;
  picture.boxes.push(headBox(picture, updates.length, picture.panel.place(updates[updates.length - 1].to)));
  updates.forEach((update, index) => {
    if (picture.shown(update.layer)) drawUpdate(picture, update, stages.layers[index], detail);
  });
  drawRestarts(picture, updates, stages.restart);
  context.restore();
}

/**
 * @param {RunPicture} picture
 * @param {Update} update
 * @param {{line: number, travel: number}} stage
 * @param {boolean} detail
 */
function drawUpdate(picture, { layer, alpha, from, target, to, outer }, { line: growth, travel }, detail) {
  if (growth === 0) return;
  const { context, panel, inks, halo, size } = picture;
  const [start, end, landing] = [from, target, to].map((weights) => panel.place(weights));
  const length = distance(start, end);
  if (Math.max(length, distance(start, landing)) < 5) return;
  const { shape } = lookOf(layer);
  context.strokeStyle = ink(inks[layer]);
  context.setLineDash([4, 3]);
  context.lineWidth = 1.6 * size;
  line(context, start, between(start, end, growth));
  context.setLineDash([]);
  hollow(context, shape, start, 3.6 * size, ink(inks[layer]), halo);
  const hasArrived = outer ? growth === 1 : growth >= alpha;
  if (hasArrived && alpha > 0) hollow(context, shape, landing, 3.6 * size, ink(inks[layer]), halo);
  context.strokeStyle = ink(inks[layer]);
  context.lineWidth = 2.8 * size;
  arrow(context, start, between(start, landing, travel), 9 * size);
  if (detail && length > 36 && picture.fresh && hasArrived)
    nameFraction(picture, layer, { alpha, outer }, start, end, landing);
}

/**
 * All weights inside the outermost layer that moved jump to it.
 * @param {RunPicture} picture
 * @param {Update[]} updates
 * @param {number} restart
 */
function drawRestarts({ context, panel, inks, halo, size, shown }, updates, restart) {
  const end = panel.place(updates[updates.length - 1].to);
  for (const [layer, { target }] of updates.entries()) {
    const origin = panel.place(target);
    if (!shown(layer) || distance(origin, end) < 6) continue;
    hollow(context, lookOf(layer).shape, origin, 3 * size, ink(inks[layer], 0.8), halo);
    if (restart === 0) continue;
    context.setLineDash([1.5, 3.5]);
    context.lineWidth = 1.4 * size;
    context.strokeStyle = ink(inks[layer], 0.9);
    arrow(context, origin, between(origin, end, restart), 6 * size);
    context.setLineDash([]);
  }
}

/**
 * Heads, the outermost first, so that what sits at one place shows as shapes within each other.
 * @param {RunPicture} picture
 * @returns {Head[]}
 */
function drawHeads(picture) {
  const { context, panel, run, moment, inks, halo, size } = picture;
  /** @type {Head[]} */
  const heads = [];
  for (let layer = run.depth; layer >= 0; layer--) {
    if (!picture.shown(layer)) continue;
    const weights = placeOf(run, layer, moment);
    const point = panel.place(weights);
    const look = lookOf(layer);
    head(context, look.shape, nearPoint(point), look.radius * size, ink(inks[layer]), halo);
    heads.push({ run, layer, weights, point });
  }
  if (run.averaged && picture.shown("averaged")) {
    const weights = pointAt(run.averaged, run.clamp(moment.row));
    const point = panel.place(weights);
    hollow(context, AVERAGE.shape, nearPoint(point), AVERAGE.radius * size, ink(inks[0]), halo);
    heads.push({ run, layer: "averaged", weights, point });
  }
  return heads;
}
