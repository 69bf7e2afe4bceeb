// The paths of runs. Trails are added to while time runs forward; seeking, zooming and toggling draw them anew.
//
// A bare optimizer has its path. With slow weights, only the outermost layer's path is permanent: segments from φ
// to the result of each update, end to end. Inner weights restart from it, so the fast path up to a synchronisation,
// and the path of an inner layer up to an outer one, are drawn as ghosts: fainter, and dotted if fast.

import { AVERAGE, GHOST, lookOf } from "./look.js";
import { outline } from "./marks.js";
import { trace, traceBlock, traceLayer } from "./paths.js";
import { distance } from "./points.js";
import { ink } from "./theme.js";

/** @import {Context, Paper, TrailPicture, TrailStyle} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */
/** @import {Canvases} from "./canvases.js" */
/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

const MARK_SPACING = 16; // px between the shapes along a slow track
const CHUNK = 32; // rows

export class Trails {
  /** @param {Canvases} canvases */
  constructor(canvases) {
    this.canvases = canvases;
    this.reset();
  }

  reset() {
    this.row = 0;
    this.canvases.clear(this.canvases.casing, this.canvases.trail);
    // Pixels drawn of each dashed track, so that dashes continue where the last segment ended.
    /** @type {Map<Run, {length: number, mark: number}>} */
    this.lengths = new Map();
  }

  /**
   * Draw all up to a row. Whole chunks go to canvases that then stay as they are; the rest goes to the scene.
   * @param {Scene} scene
   * @param {number} row
   */
  draw(scene, row) {
    if (row < this.row) this.reset();
    if (row - this.row >= CHUNK) {
      const { casing, trail } = this.canvases;
      this.paint(scene, { casing, trail, lasting: true }, row);
      this.row = row;
    } else if (row > this.row) {
      // One canvas for both: all casings first, so that none covers another run's trail.
      this.paint(scene, { casing: this.canvases.scene, lasting: false }, row);
      this.paint(scene, { trail: this.canvases.scene, lasting: false }, row);
    }
  }

  /**
   * @param {Scene} scene
   * @param {Paper} paper
   * @param {number} row
   */
  paint(scene, paper, row) {
    const contexts = [paper.casing, paper.trail].filter(Boolean);
    for (const run of scene.runs) {
      const panel = scene.panelOf(run);
      if (!panel || run.cloud || !scene.anyShown(run) || scene.draggedNames.has(run.name)) continue;
      for (const context of contexts) {
        context.save();
        panel.clip(context);
      }
      this.extend({ scene, panel, run, paper }, run.clamp(this.row), run.clamp(row));
      for (const context of contexts) context.restore();
    }
  }

  /**
   * @param {TrailPicture} picture
   * @param {number} from
   * @param {number} to
   */
  extend(picture, from, to) {
    const { scene, panel, run } = picture;
    if (from === to) return;
    if (!run.explains) {
      this.plain(picture, from, to);
    } else {
      if (scene.shown(run, 0)) this.ghosts(picture, from, to);
      for (let layer = 1; layer < run.depth; layer++) {
        if (scene.shown(run, layer)) this.leftBehind(picture, layer, from, to);
      }
      if (scene.shown(run, run.depth)) this.outermost(picture, from, to);
    }
    if (run.averaged && scene.shown(run, "averaged")) {
      stroke(picture, 0, { alpha: 0.8, dash: AVERAGE.dash }, (context) =>
        trace(context, panel, run.averaged, from, to),
      );
    }
  }

  /**
   * The whole trail of a run that is drawn anew each frame, on the scene.
   * @param {Scene} scene
   * @param {Panel} panel
   * @param {Run} run
   * @param {number} row
   */
  whole(scene, panel, run, row) {
    const context = this.canvases.scene;
    this.extend({ scene, panel, run, paper: { casing: context, lasting: false } }, 0, run.clamp(row));
    this.extend({ scene, panel, run, paper: { trail: context, lasting: false } }, 0, run.clamp(row));
  }

  /**
   * @param {TrailPicture} picture
   * @param {number} from
   * @param {number} to
   */
  plain(picture, from, to) {
    const { scene, panel, run } = picture;
    [run.fast, ...(run.slow ?? [])].forEach((points, layer) => {
      if (!scene.shown(run, layer)) return;
      const look = { alpha: layer === 0 ? 0.6 : 0.75, dash: lookOf(layer).dash };
      stroke(picture, layer, look, (context) => trace(context, panel, points, from, to));
    });
  }

  /**
   * @param {TrailPicture} picture
   * @param {number} from
   * @param {number} to
   */
  ghosts(picture, from, to) {
    const { panel, run } = picture;
    stroke(picture, 0, { alpha: 0.6, dash: GHOST.dash, casing: 0.5 }, (context) => {
      for (let row = from + 1; row <= to; row++) {
        if (run.synchronised[row]) traceBlock(context, panel, run, row);
      }
    });
  }

  /**
   * The path of an inner layer up to its restart by an outer one.
   * @param {TrailPicture} picture
   * @param {number} layer
   * @param {number} from
   * @param {number} to
   */
  leftBehind(picture, layer, from, to) {
    const { panel, run } = picture;
    stroke(picture, layer, { alpha: 0.4, dash: lookOf(layer).dash, casing: 0.6, thinning: 0.7 }, (context) => {
      for (let row = from + 1; row <= to; row++) {
        if (run.synchronised[row] > layer) traceLayer(context, panel, run, layer, run.last[layer][row - 1], row);
      }
    });
  }

  /**
   * @param {TrailPicture} picture
   * @param {number} from
   * @param {number} to
   */
  outermost(picture, from, to) {
    const { scene, panel, run, paper } = picture;
    const layer = run.depth;
    const progress = { length: 0, mark: 0, ...this.lengths.get(run) };
    const look = { alpha: 0.95, dash: lookOf(layer).dash, offset: progress.length };
    stroke(picture, layer, look, (context) => traceLayer(context, panel, run, layer, from, to));
    for (let row = from + 1; row <= to; row++) {
      if (run.synchronised[row] < layer) continue;
      const [start, end] = [panel.place(run.weights(layer, row - 1)), panel.place(run.weights(layer, row))];
      progress.length += distance(start, end);
      if (progress.length - progress.mark < MARK_SPACING) continue;
      progress.mark = progress.length;
      if (!paper.trail) continue;
      outline(paper.trail, lookOf(layer).shape, end, 3.2 * scene.thickness);
      paper.trail.fillStyle = ink(scene.inks(run)[layer]);
      paper.trail.fill();
    }
    if (paper.lasting) this.lengths.set(run, progress);
  }
}

/**
 * Stroke one path twice: its casing in the page's colour, and itself.
 * @param {TrailPicture} picture
 * @param {number} layer
 * @param {TrailStyle} style
 * @param {(context: Context) => void} path
 */
function stroke({ scene, run, paper }, layer, { alpha, dash, offset = 0, casing = 1, thinning = 1 }, path) {
  const width = lookOf(layer).width * scene.thickness * thinning;
  const trail = ink(scene.inks(run)[layer], alpha);
  if (paper.casing) strokeOnce(paper.casing, ink(scene.theme.background, 0.6 * casing), width + 2.4, [], offset, path);
  if (paper.trail) strokeOnce(paper.trail, trail, width, dash, offset, path);
}

/**
 * @param {Context} context
 * @param {string} color
 * @param {number} width
 * @param {number[]} dash
 * @param {number} offset
 * @param {(context: Context) => void} path
 */
function strokeOnce(context, color, width, dash, offset, path) {
  context.beginPath();
  path(context);
  context.lineJoin = "round";
  context.lineWidth = width;
  context.strokeStyle = color;
  context.lineDashOffset = offset;
  context.setLineDash(dash);
  context.stroke();
  context.setLineDash([]);
  context.lineDashOffset = 0;
}
