// A magnified view of the inspected run: its present cycle fills the picture, in the surface's proportions, with the
// surface's own contour lines. Cycles are those of the outermost layer whose cycles are short enough to show each step.

import { Axis, Panel, roundTicks } from "./axes.js";
import { boundsOf, within } from "./bounds.js";
import { contextOf, densityOf } from "./elements.js";
import { exitPoint, leavingRow } from "./exits.js";
import { drawContours, resample } from "./heights.js";
import { label } from "./labels.js";
import { GHOST, lookOf } from "./look.js";
import { cross } from "./marks.js";
import { smooth } from "./moment.js";
import { brief } from "./numbers.js";
import { traceBlock, traceLayer } from "./paths.js";
import { drawRun } from "./run_drawing.js";
import { ink } from "./theme.js";

/** @import {Box, Context, Moment, Theme} from "./types.d.ts" */
/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

const LONGEST_CYCLE = 40; // base steps
const FREE_ROWS = 12; // shown of a run without slow weights
const MARGIN = 30; // px
const HEADROOM = 18; // px more at the top, for the caption above the names of the heads

/**
 * First and last row of the cycle of a moment: the row of a synchronisation is the last of its cycle.
 * @param {Run} run
 * @param {number} row
 * @returns {[number, number]}
 */
function cycleOf(run, row) {
  const now = run.clamp(row);
  if (!run.explains) return [Math.max(0, now - FREE_ROWS), Math.max(now, run.clamp(FREE_ROWS))];
  const fits = run.layers.filter(({ period }) => period <= LONGEST_CYCLE).length;
  const last = run.last[Math.max(0, fits - 1)];
  const { period } = run.layers[Math.max(0, fits - 1)];
  const start = last[Math.max(0, now - 1)];
  return [start, run.clamp(start + period)];
}

export class CloseUp {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = contextOf(canvas);
    this.backdrop = document.createElement("canvas");
    this.backdropSignature = "";
    this.width = 0;
    this.height = 0;
    /** Called after the canvas changed its size. */
    this.onResize = () => {};
    this.observer = new ResizeObserver(() => {
      this.backdropSignature = "";
      this.onResize();
    });
    this.observer.observe(canvas);
  }

  fit() {
    const density = densityOf();
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (this.width === width && this.height === height && this.density === density) return;
    this.width = width;
    this.height = height;
    this.density = density;
    this.backdropSignature = "";
    for (const canvas of [this.canvas, this.backdrop]) {
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      contextOf(canvas).setTransform(density, 0, 0, density, 0, 0);
    }
  }

  /**
   * @param {Scene} scene
   * @param {Run} run
   * @param {Moment} moment
   */
  draw(scene, run, moment) {
    if (!this.backdropSignature) this.fit();
    if (!this.width || !this.height) return;
    const outer = scene.panelOf(run);
    const home = scene.homeOf(run);
    this.exit = home ? leavingRow(run, (weights) => within(home, weights)) : Infinity;
    const hasExited = moment.row >= this.exit;
    if (hasExited) moment = { row: run.clamp(this.exit), base: 0, synchronisation: 0 }; // the picture of the exit remains
    const cycle = cycleOf(run, moment.row + (moment.base > 0 ? 1 : 0));
    const panel = this.panel(outer, this.easedBox(run, cycle, moment, home));
    this.paintBackdrop(scene, run, panel);
    this.context.clearRect(0, 0, this.width, this.height);
    this.context.drawImage(this.backdrop, 0, 0, this.width, this.height);
    this.drawPast(panel, scene, run, cycle[0], run.clamp(moment.row));
    drawRun(this.context, panel, scene, run, moment, { detail: true, size: 1.15 });
    if (hasExited) this.drawExit(panel, scene, run);
    this.cycle = cycle;
    this.magnification = Math.abs(panel.horizontal.scale / outer.horizontal.scale);
  }

  /**
   * The box of the present cycle; during its first base step it opens out of the box of the cycle before.
   * @param {Run} run
   * @param {[number, number]} cycle
   * @param {Moment} moment
   * @param {?Box} home
   * @returns {Box}
   */
  easedBox(run, cycle, moment, home) {
    const box = boundsOf(run, cycle, home);
    const opening = run.explains && cycle[0] > 0 && moment.row === cycle[0] && moment.base > 0;
    if (!opening) return box;
    const previousBox = boundsOf(run, cycleOf(run, cycle[0]), home);
    const share = smooth(moment.base);
    return box.map((edge, index) => previousBox[index] + share * (edge - previousBox[index]));
  }

  /**
   * A panel over the canvas that shows `box` in the proportions of the surface's own panel.
   * @param {Panel} outer
   * @param {Box} box
   */
  panel(outer, [left, right, bottom, top]) {
    const aspect = Math.abs(outer.vertical.scale / outer.horizontal.scale);
    const [roomX, roomY] = [this.width - 2 * MARGIN, this.height - 2 * MARGIN - HEADROOM];
    const least = 1e-9 * (1 + Math.abs(left) + Math.abs(bottom));
    const still = right === left && top === bottom; // a stopped run is not magnified
    const fitting = Math.min(roomX / Math.max(right - left, least), roomY / (aspect * Math.max(top - bottom, least)));
    const scale = still ? Math.abs(outer.horizontal.scale) : fitting;
    const [halfX, halfY] = [this.width / 2 / scale, this.height / 2 / (scale * aspect)];
    const [x, y] = [(left + right) / 2, (bottom + top + HEADROOM / (scale * aspect)) / 2];
    return new Panel(
      new Axis(0, this.width, [x - halfX, x + halfX]),
      new Axis(0, this.height, [y - halfY, y + halfY], false, true),
    );
  }

  /**
   * @param {Scene} scene
   * @param {Run} run
   * @param {Panel} panel
   */
  paintBackdrop(scene, run, panel) {
    const { theme, stage } = scene;
    const heights = stage.heights(run.panel) ?? stage.heights(0);
    const signature = `${panel.signature}|${theme.dark}|${run.panel}|${stage.signature}`;
    if (signature === this.backdropSignature && heights?.z === this.contourHeights) return;
    this.backdropSignature = signature;
    this.contourHeights = heights?.z;
    const context = contextOf(this.backdrop);
    context.clearRect(0, 0, this.width, this.height);
    if (heights) drawContours(context, panel, resample(heights, panel, 34, 24), 9, ink(theme.text, 0.2));
    this.drawScale(context, panel, theme);
  }

  /**
   * A bar of round length, in data units.
   * @param {Context} context
   * @param {Panel} panel
   * @param {Theme} theme
   */
  drawScale(context, panel, theme) {
    const { step, decimals } = roundTicks(panel.horizontal.range, 5);
    const length = step * panel.horizontal.scale;
    const [x, y] = [12, this.height - 12];
    context.strokeStyle = ink(theme.text, 0.65);
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, y - 4);
    context.lineTo(x, y);
    context.lineTo(x + length, y);
    context.lineTo(x + length, y - 4);
    context.stroke();
    const text = step < 1e-4 || step >= 1e5 ? brief(step) : step.toFixed(decimals);
    label(context, text, [x + length + 6, y - 1], ink(theme.text, 0.75), ink(theme.background, 0.8), theme.font, 11);
  }

  /**
   * @param {Panel} panel
   * @param {Scene} scene
   * @param {Run} run
   */
  drawExit(panel, scene, run) {
    const point = exitPoint(run, panel, this.exit);
    cross(this.context, point, 6, ink(scene.inks(run)[0]), ink(scene.theme.background, 0.9));
  }

  /**
   * The earlier parts of the cycle: discarded fast paths, and the path of each layer.
   * @param {Panel} panel
   * @param {Scene} scene
   * @param {Run} run
   * @param {number} first
   * @param {number} now
   */
  drawPast(panel, scene, run, first, now) {
    const { context } = this;
    const inks = scene.inks(run);
    if (!run.explains) return;
    context.setLineDash(GHOST.dash);
    context.lineWidth = lookOf(0).width;
    context.strokeStyle = ink(inks[0], 0.7);
    for (let row = first + 1; row <= now; row++) {
      if (!run.synchronised[row] || !scene.shown(run, 0)) continue;
      context.beginPath();
      traceBlock(context, panel, run, row);
      context.stroke();
    }
    for (let layer = 1; layer <= run.depth; layer++) {
      if (!scene.shown(run, layer)) continue;
      context.beginPath();
      traceLayer(context, panel, run, layer, first, now);
      context.setLineDash(lookOf(layer).dash);
      context.lineWidth = lookOf(layer).width;
      context.strokeStyle = ink(inks[layer], layer === run.depth ? 0.95 : 0.45);
      context.stroke();
    }
    context.setLineDash([]);
  }
}
