// Everything that is drawn over the chart: which runs and layers are shown, on which panel, in which ink.

import { AxesStage } from "./axes_stage.js";
import { extentOf } from "./bounds.js";
import { drawCloud } from "./cloud.js";
import { drawDraggedRuns } from "./dragged_runs.js";
import { findExit } from "./exits.js";
import { MINIMUM, PROJECTOR } from "./look.js";
import { cross, hollow } from "./marks.js";
import { distance } from "./points.js";
import { drawRun } from "./run_drawing.js";
import { ink, inksOf, lettering } from "./theme.js";
import { Trails } from "./trails.js";
import { wordsShown } from "./words.js";

/** @import {Box, Color, Context, Exit, Head, LayerName, Moment, Point, Stage, Theme} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */
/** @import {Run} from "./run.js" */

const MANY_RUNS = 8; // with more, only the inspected run explains its synchronisations
const CROWD = 14; // with more, lines and heads are thinner
const ROOMY = 560; // px of panel

export class Scene {
  constructor() {
    /** @type {Run[]} */
    this.runs = [];
    /** @type {Set<string>} "name" or "name/layer" */
    this.hidden = new Set();
    /** @type {Point[]} */
    this.minima = [];
    /** @type {Head[]} those drawn last */
    this.heads = [];
    /** @type {?Run} */
    this.inspected = null;
    /** @type {Set<string>} names of optimizers whose runs are drawn anew each frame, since a number or a start is dragged */
    this.draggedNames = new Set();
    /** @type {?{weights: Point, panel: Panel, onSurface: boolean}} the start under the hand */
    this.heldStart = null;
    /** @type {?[Point, Point]} the arrow drawn last at a start under the hand */
    this.slope = null;
    /** @type {{run: Run, alpha: number}[]} runs of neighbouring values */
    this.ghosts = [];
  }

  /**
   * @param {Run[]} runs
   * @param {Theme} theme
   */
  show(runs, theme) {
    this.runs = runs;
    this.reach = null;
    this.retheme(theme);
  }

  /** @param {Theme} theme */
  retheme(theme) {
    this.theme = theme;
    this.inkwell = new Map();
    this.exchange(this.runs);
  }

  /**
   * Other runs in place of some, of the same optimizers and starts.
   * @param {Run[]} runs
   */
  exchange(runs) {
    for (const run of runs) {
      if (this.inkwell.has(run)) continue;
      const inks = inksOf(run, this.theme);
      this.inkwell.set(run, { inks, letters: inks.map((color) => lettering(color, this.theme)) });
    }
    this.runs = runs;
  }

  /** @param {Iterable<string>} names */
  lift(names) {
    this.draggedNames = new Set(names);
    this.ghosts = [];
    this.trails?.reset();
  }

  /** @param {Stage} stage */
  place(stage) {
    this.stage = stage;
    this.trails = new Trails(stage.canvases);
    this.forgetMeasures();
  }

  forgetMeasures() {
    /** @type {Map<Run, Exit>} */
    this.exits = new Map();
    this.trails.reset();
  }

  /**
   * @param {Run} run
   * @returns {Color[]}
   */
  inks(run) {
    return this.inkwell.get(run)?.inks;
  }

  /**
   * The same for letters.
   * @param {Run} run
   * @returns {string[]}
   */
  letters(run) {
    return this.inkwell.get(run).letters;
  }

  /**
   * @param {Run} run
   * @returns {Panel}
   */
  panelOf(run) {
    return this.stage.panels[run.panel] ?? this.stage.panels[0];
  }

  /**
   * @param {Run} run
   * @param {LayerName} layer
   */
  shown(run, layer) {
    return !this.hidden.has(run.name) && !this.hidden.has(`${run.name}/${layer}`);
  }

  /** @param {Run} run */
  anyShown(run) {
    return !this.hidden.has(run.name);
  }

  /** Of lines and heads: smaller in a crowd and on a small panel. */
  get thickness() {
    const room = this.stage?.panels[0]?.horizontal.length ?? ROOMY;
    const usual = this.theme?.presented ? PROJECTOR.thickness : 1;
    return usual * (this.runs.length > CROWD ? 0.75 : 1) * Math.max(0.72, Math.min(1, room / ROOMY));
  }

  /** @param {Moment} moment */
  draw(moment) {
    this.row = moment.row;
    const { scene } = this.stage.canvases;
    this.stage.canvases.clear(scene);
    this.trails.draw(this, moment.row);
    if (this.draggedNames.size) drawDraggedRuns(scene, this, moment.row);
    this.heads = [];
    for (const panel of this.stage.panels) this.drawMinima(scene, panel);
    const lastly = this.runs.filter((run) => run === this.inspected);
    for (const run of [...this.runs.filter((each) => each !== this.inspected), ...lastly]) {
      if (this.anyShown(run)) this.drawOne(scene, run, moment);
    }
  }

  /**
   * @param {Context} context
   * @param {Panel} panel
   */
  drawMinima(context, panel) {
    for (const place of this.minima) {
      const point = panel.place(place);
      if (panel.contains(point)) hollow(context, MINIMUM.shape, point, MINIMUM.radius, MINIMUM.edge, MINIMUM.color);
    }
  }

  /**
   * @param {Context} context
   * @param {Run} run
   * @param {Moment} moment
   */
  drawOne(context, run, moment) {
    const panel = this.panelOf(run);
    if (!panel) return;
    context.save();
    panel.clip(context);
    const exit = this.exitOf(run, panel);
    if (exit && moment.row >= exit.row) {
      cross(context, exit.point, 6, ink(this.inks(run)[0]), ink(this.theme.background, 0.9));
    } else if (run.cloud) {
      drawCloud(context, panel, this, run, moment);
    } else {
      this.heads.push(...drawRun(context, panel, this, run, moment, this.detailOf(run)));
    }
    context.restore();
  }

  /** @param {Run} run */
  detailOf(run) {
    const alone =
      this.stage.panels.length > 1 && !this.runs.some((other) => other !== run && other.panel === run.panel);
    const detail = run === this.inspected || alone;
    const words = wordsShown() && run === this.inspected;
    return { detail, explained: detail || this.runs.length <= MANY_RUNS, words, size: this.thickness };
  }

  /**
   * Where and when a diverged run finally left its panel, or stopped.
   * @param {Run} run
   * @param {Panel} panel
   * @returns {?Exit}
   */
  exitOf(run, panel) {
    if (run.diverged < 0) return null;
    if (!this.exits.has(run)) this.exits.set(run, findExit(run, panel));
    return this.exits.get(run);
  }

  /**
   * The view for diverged runs, [left, right, bottom, top]: the surface at any zoom, and all runs that did not diverge.
   * @param {Run} run
   * @returns {?Box}
   */
  homeOf(run) {
    if (run.diverged < 0) return null;
    this.reach ??= extentOf(this.runs);
    const extent = this.stage instanceof AxesStage ? this.stage.extent : null;
    const heights = this.stage.heights(run.panel);
    const { x, y } = heights ?? {};
    const edges = [this.reach, extent ?? this.reach, heights ? [x[0], x.at(-1), y[0], y.at(-1)] : this.reach];
    return [0, 1, 2, 3].map((side) => Math[side % 2 ? "max" : "min"](...edges.map((box) => box[side])));
  }

  /**
   * The head nearest to a point, within `reach` pixels; of those at one place, the one on top.
   * @param {Point} point
   * @param {number} [reach]
   * @returns {?Head}
   */
  headAt(point, reach = 16) {
    const away = (/** @type {Head} */ head) => Math.round(distance(head.point, point) / 3);
    const close = this.heads.filter((each) => 3 * away(each) <= reach).reverse();
    return close.sort((a, b) => away(a) - away(b))[0] ?? null;
  }
}
