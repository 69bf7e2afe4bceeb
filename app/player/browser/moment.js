// A position is a row and a share of the way to the next: 12.3. Where some run synchronises at that next row, the first
// part of the way is its base step and the rest shows the synchronisation: the line from φ to its target grows, φ moves
// the fraction α along it, layer by layer, and at last all inner weights jump to the outermost φ that moved.
// All drawing is a function of the moment alone, so that playing, stepping and seeking show the same picture.

import { between, pointAt } from "./points.js";

/** @import {Explanation, Moment, Point, Stages} from "./types.d.ts" */
/** @import {Run} from "./run.js" */

export const BASE_SHARE = 0.35;
const RESTART_SHARE = 0.8; // of the time that one layer's update takes
const LINE_SHARE = 0.4; // of a layer's update passes before its φ begins to move

/**
 * @param {number} position
 * @param {Uint8Array} synchronising
 * @returns {Moment}
 */
export function momentOf(position, synchronising) {
  const row = Math.floor(position + 1e-9);
  const share = Math.max(0, position - row);
  const split = synchronising[row + 1] ? BASE_SHARE : 1;
  return {
    row,
    base: Math.min(1, share / split),
    synchronisation: share > split ? (share - split) / (1 - split) : 0,
  };
}

/**
 * The row whose base step is complete.
 * @param {Moment} moment
 */
export function completedRow(moment) {
  return moment.synchronisation > 0 ? moment.row + 1 : moment.row;
}

/**
 * How far each part of a synchronisation of `count` layers has come at `progress` (0 to 1).
 * @param {number} count
 * @param {number} progress
 * @returns {Stages}
 */
export function stagesOf(count, progress) {
  const clock = progress * (count + RESTART_SHARE);
  const layers = Array.from({ length: count }, (_, below) => {
    const part = unit(clock - below);
    return { line: unit(part / LINE_SHARE), travel: smooth((part - LINE_SHARE) / (1 - LINE_SHARE)) };
  });
  return { layers, restart: smooth((clock - count) / RESTART_SHARE) };
}

/**
 * The synchronisation to show of a run: the one under way, or the last one, fading over the next few steps.
 * {row, updates, stages, fade}, or null.
 * @param {Run} run
 * @param {Moment} moment
 * @returns {?Explanation}
 */
export function explanationOf(run, moment) {
  if (!run.explains) return null;
  const next = moment.row + 1;
  if (moment.synchronisation > 0 && next <= run.final && run.synchronised[next]) {
    return explanation(run, next, moment.synchronisation, 1);
  }
  const row = run.last[0][run.clamp(moment.row)];
  const lasting = Math.min(4, run.layers[0].k);
  const fade = 1 - (moment.row + moment.base - row) / lasting;
  return row > 0 && fade > 0.02 ? explanation(run, row, 1, fade) : null;
}

/**
 * @param {Run} run
 * @param {number} row
 * @param {number} progress
 * @param {number} fade
 * @returns {Explanation}
 */
function explanation(run, row, progress, fade) {
  const updates = run.updates(row);
  return { row, updates, progress, fade, stages: stagesOf(updates.length, progress) };
}

/**
 * Where the weights of a layer are at a moment.
 * @param {Run} run
 * @param {number} layer
 * @param {Moment} moment
 * @returns {Point}
 */
export function placeOf(run, layer, moment) {
  const next = moment.row + 1;
  if (moment.base === 0 || next > run.final) return run.weights(layer, moment.row);
  const under = moment.synchronisation > 0 && run.explains && run.synchronised[next] > 0;
  if (under) return placeWithin(explanation(run, next, moment.synchronisation, 1), run, layer, moment.row);
  if (layer === 0) return between(run.weights(0, moment.row), pointAt(run.proposal, next), moment.base);
  return run.consecutive ? run.weights(layer, moment.row) : glide(run, layer, moment);
}

/**
 * @param {Explanation} explanation
 * @param {Run} run
 * @param {number} layer
 * @param {number} row
 * @returns {Point}
 */
function placeWithin({ updates, stages }, run, layer, row) {
  if (layer > updates.length) return run.weights(layer, row);
  const end = updates[updates.length - 1].to;
  if (layer === 0) return between(updates[0].target, end, stages.restart);
  const { from, to } = updates[layer - 1];
  const position = between(from, to, stages.layers[layer - 1].travel);
  return layer < updates.length ? between(position, end, stages.restart) : position;
}

/**
 * @param {Run} run
 * @param {number} layer
 * @param {Moment} moment
 */
function glide(run, layer, moment) {
  return between(run.weights(layer, moment.row), run.weights(layer, moment.row + 1), moment.base);
}

/** @param {number} value */
export function unit(value) {
  return Math.max(0, Math.min(1, value));
}

/** @param {number} value */
export function smooth(value) {
  const share = unit(value);
  return share * share * (3 - 2 * share);
}
