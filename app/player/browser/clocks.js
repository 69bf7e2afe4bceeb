// The nested clock of an optimizer: one ring per layer, the innermost being layer 1, with k_j ticks that fill with each
// step of the layer below. A full ring strikes: it flashes, and the next ring out gains a tick.

import { lookOf } from "./look.js";
import { outline } from "./marks.js";
import { stagesOf, unit } from "./moment.js";
import { ink } from "./theme.js";

/** @import {Color, Context, Moment, Ring, Theme} from "./types.d.ts" */
/** @import {Run} from "./run.js" */

const MOST_TICKS = 40;
export const CLOCK_SIZE = 80;

/**
 * How much of a layer's ring is filled at a moment, in ticks.
 * @param {Run} run
 * @param {number} layer
 * @param {Moment} moment
 */
function ringFill(run, layer, moment) {
  const next = moment.row + 1;
  if (moment.base === 0 || next > run.final) return run.counter(layer, moment.row);
  const { k, within } = run.layers[layer - 1];
  const steps = Math.floor(run.step[moment.row] / within) % k;
  if (!run.consecutive) return steps;
  if (layer === 1) return steps + moment.base;
  const striking = moment.synchronisation > 0 ? run.synchronised[next] : 0;
  if (layer > striking + 1 || !striking) return steps;
  return steps + stagesOf(striking, moment.synchronisation).layers[layer - 2].travel;
}

/**
 * Brightness of a layer's flash at a moment, 0 to 1.
 * @param {Run} run
 * @param {number} layer
 * @param {Moment} moment
 */
function flash(run, layer, moment) {
  const next = moment.row + 1;
  if (moment.synchronisation > 0 && next <= run.final && run.synchronised[next] >= layer) {
    return stagesOf(run.synchronised[next], moment.synchronisation).layers[layer - 1].line;
  }
  const strikeRow = run.last[layer - 1][run.clamp(moment.row)];
  const lasting = Math.max(2, Math.min(8, 0.6 * run.layers[layer - 1].period));
  return strikeRow > 0 ? Math.max(0, 1 - (moment.row + moment.base - strikeRow) / lasting) : 0;
}

/**
 * @param {Context} context
 * @param {Run} run
 * @param {Moment} moment
 * @param {Color[]} inks
 * @param {Theme} theme
 */
export function drawClock(context, run, moment, inks, theme) {
  context.clearRect(0, 0, CLOCK_SIZE, CLOCK_SIZE);
  const middle = CLOCK_SIZE / 2;
  const room = middle - 4 - 8;
  const pitch = Math.min(17, room / Math.max(1, run.depth));
  run.layers.forEach(({ k }, below) => {
    const layer = below + 1;
    const radius = 8 + pitch * (below + 0.6);
    const ring = { context, middle, radius, k, width: Math.min(9, pitch * 0.66), color: inks[layer], theme };
    const strength = flash(run, layer, moment);
    if (strength > 0) drawFlash(ring, strength);
    drawRing(ring, ringFill(run, layer, moment));
  });
  const beat = run.depth || moment.row >= run.final ? 0 : Math.sin(Math.PI * moment.base);
  outline(context, lookOf(0).shape, [middle, middle], 4.5 + 2 * beat);
  context.fillStyle = ink(inks[0]);
  context.fill();
  if (!run.depth) drawBareRing(context, middle, theme);
}

/**
 * @param {Context} context
 * @param {number} middle
 * @param {Theme} theme
 */
function drawBareRing(context, middle, theme) {
  context.beginPath();
  context.arc(middle, middle, 15, 0, 7);
  context.setLineDash([1.5, 4]);
  context.lineWidth = 1.5;
  context.strokeStyle = ink(theme.text, 0.3);
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {Ring} ring
 * @param {number} strength
 */
function drawFlash({ context, middle, radius, width, color }, strength) {
  context.beginPath();
  context.arc(middle, middle, radius, 0, 7);
  context.lineWidth = width + 7;
  context.strokeStyle = ink(color, 0.32 * strength);
  context.stroke();
}

/**
 * @param {Ring} ring
 * @param {number} ticks
 */
function drawRing({ context, middle, radius, k, width, color, theme }, ticks) {
  const gap = k > MOST_TICKS ? 0 : k === 1 ? 0.08 : Math.min(0.35 * ((2 * Math.PI) / k), 2.4 / radius);
  const angle = (/** @type {number} */ tick) => (2 * Math.PI * tick) / k - Math.PI / 2;
  context.lineWidth = width;
  const arc = (/** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ paint) => {
    if (to - from < 1e-3) return;
    context.beginPath();
    context.arc(middle, middle, radius, from, to);
    context.strokeStyle = paint;
    context.stroke();
  };
  const [on, off] = [ink(color), ink(theme.text, 0.14)];
  if (!gap) {
    arc(angle(0), angle(k), off);
    arc(angle(0), angle(ticks), on);
    return;
  }
  for (let tick = 0; tick < k; tick++) {
    const [from, to] = [angle(tick) + gap / 2, angle(tick + 1) - gap / 2];
    const share = unit(ticks - tick);
    arc(from, to, off);
    arc(from, from + share * (to - from), on);
  }
}

/**
 * "2/5 · 1/5", innermost first, each in the ink of its layer.
 * @param {Run} run
 * @param {number} row
 * @param {string[]} letters
 */
export function counterText(run, row, letters) {
  const counts = run.layers.map(({ k }, below) => {
    const count = run.counter(below + 1, row);
    const strikeClass = row > 0 && count === k ? "lp-struck" : "";
    return `<span style="color:${letters[below + 1]}" class="${strikeClass}">${count}/${k}</span>`;
  });
  return counts.join(" · ");
}
