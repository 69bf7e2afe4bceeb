// Many runs of one optimizer at once: a dot for each, and the ellipse of their covariance, two standard deviations wide.

import { cross } from "./marks.js";
import { FAR, near, nearPoint } from "./paths.js";
import { ink } from "./theme.js";

/** @import {Color, Context, Moment} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */
/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

const DOT = 3; // px
const SIGMAS = 2;
const CORNERS = 64; // of the ellipse

/**
 * @param {Context} context
 * @param {Panel} panel
 * @param {Scene} scene
 * @param {Run} run
 * @param {Moment} moment
 */
export function drawCloud(context, panel, scene, run, moment) {
  const { count, x, y } = run.cloud;
  const [from, to] = [run.clamp(moment.row), run.clamp(moment.row + 1)];
  const along = (/** @type {ArrayLike<number>} */ values, /** @type {number} */ dot) => {
    const before = values[from * count + dot];
    return before + moment.base * (values[to * count + dot] - before);
  };
  const inks = scene.inks(run);
  context.beginPath();
  for (let dot = 0; dot < count; dot++) {
    const [left, top] = [panel.x(along(x, dot)), panel.y(along(y, dot))];
    if (Math.abs(left) < FAR && Math.abs(top) < FAR) context.rect(left - DOT / 2, top - DOT / 2, DOT, DOT);
  }
  context.fillStyle = ink(inks[0], Math.max(0.5, Math.min(0.85, 120 / count)));
  context.fill();
  const spread = run.spread.map((column) => column[from] + moment.base * (column[to] - column[from]));
  drawSpread(context, panel, spread, scene, inks);
}

/**
 * The ellipse of a mean and a covariance, and a cross at the mean.
 * @param {Context} context
 * @param {Panel} panel
 * @param {number[]} spread
 * @param {Scene} scene
 * @param {Color[]} inks
 */
function drawSpread(context, panel, [x, y, xx, xy, yy], scene, inks) {
  const wide = Math.sqrt(Math.max(xx, 0)); // the factor of Cholesky
  const tilt = wide > 0 ? xy / wide : 0;
  const high = Math.sqrt(Math.max(yy - tilt * tilt, 0));
  context.beginPath();
  for (let corner = 0; corner < CORNERS; corner++) {
    const [across, up] = [Math.cos, Math.sin].map((part) => SIGMAS * part((2 * Math.PI * corner) / CORNERS));
    context.lineTo(near(panel.x(x + wide * across)), near(panel.y(y + tilt * across + high * up)));
  }
  context.closePath();
  const halo = ink(scene.theme.background, 0.85);
  context.lineWidth = 4.6;
  context.strokeStyle = halo;
  context.stroke();
  context.lineWidth = 2.2;
  context.strokeStyle = ink(inks[0]);
  context.stroke();
  cross(context, nearPoint(panel.place([x, y])), 3.5, ink(inks[0]), halo);
}
