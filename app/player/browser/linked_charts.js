// Cursors on other charts: a vertical line at the gradient evaluations that the player has reached. Optimizers that need
// a different number of them for the same step get a line of their own, in their colour. A plot that still waits for its
// data has none.

import { Panel } from "./axes.js";
import { drawCurves } from "./dragged_curve.js";
import { contextOf, densityOf, partOf } from "./elements.js";
import { findChart, leaveSwipesToPage, plotlyAxis, REDRAWN } from "./plotly_chart.js";
import { ink } from "./theme.js";

/** @import {Color, CursorLine, Graph, LinkedCurve} from "./types.d.ts" */
/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

export class LinkedChart {
  /**
   * @param {string} key
   */
  constructor(key) {
    this.key = key;
    /** @type {?LinkedCurve} what it shows of a run */
    this.curve = null;
    /** @type {?HTMLCanvasElement} of the curves of a number that is dragged */
    this.canvas = null;
    /** Whether they were drawn since the last data came. */
    this.isFresh = false;
    /** @type {HTMLElement[]} */
    this.cursors = [];
    /** @type {?Graph} */
    this.graph = null;
    /** @type {?Panel[]} one for each plot that has data */
    this.panels = null;
    this.onRedraw = () => this.measure();
  }

  /**
   * Called with new data. The first after a drag have its curves; with others they would stand over a chart that stays.
   * @param {?LinkedCurve} [curve] what it shows of a run
   */
  showing(curve = null) {
    this.curve = curve;
    if (!this.isFresh) this.clear();
    this.isFresh = false;
    return this;
  }

  get attached() {
    return Boolean(this.graph?.isConnected && this.overlay.isConnected);
  }

  attach() {
    const graph = findChart(this.key);
    const host = graph && partOf(graph, ".svg-container");
    if (!host || this.attached) return;
    this.remove();
    this.graph = graph;
    this.cursors = [];
    leaveSwipesToPage(host);
    this.overlay = document.createElement("div");
    this.overlay.className = "lookahead-cursors";
    this.overlay.style.cssText = "position:absolute;inset:0;pointer-events:none;overflow:hidden";
    host.insertBefore(this.overlay, host.querySelectorAll(":scope > .main-svg")[1] ?? null);
    for (const event of REDRAWN) graph.on(event, this.onRedraw);
    this.measure();
  }

  measure() {
    /** @type {Graph[]} */
    const plots = Object.values(this.graph._fullLayout?._plots ?? {}).filter((plot) => hasData(this.graph, plot));
    this.panels = plots.map(({ xaxis, yaxis }) => new Panel(plotlyAxis(xaxis, false), plotlyAxis(yaxis, true)));
    if (this.lines) this.show(this.lines);
  }

  /**
   * `lines`: [{evaluations, color}], the same for every plot of the chart.
   * @param {CursorLine[]} lines
   */
  show(lines) {
    this.lines = lines;
    if (!this.panels) return;
    const placements = this.panels.flatMap((panel) => lines.map((line) => ({ panel, ...line })));
    while (this.cursors.length < placements.length) this.cursors.push(this.overlay.appendChild(cursor()));
    for (const [index, element] of this.cursors.entries()) place(element, placements[index]);
  }

  /**
   * Draw the curves of dragged optimizers in place of the last ones.
   * @param {{runs: Run[], inks: Color[]}[]} curves one for each optimizer
   */
  trace(curves) {
    if (!this.curve || !this.panels?.length) return;
    this.isFresh = true;
    this.canvas ??= this.overlay.appendChild(document.createElement("canvas"));
    const context = this.blankContext(this.canvas);
    for (const panel of this.panels) {
      for (const { runs, inks } of curves) drawCurves(context, panel, this.curve, runs, inks);
    }
  }

  /**
   * The canvas as large as the chart, and empty; its size as plotly says, since asking the page would lay it out anew.
   * @param {HTMLCanvasElement} canvas
   */
  blankContext(canvas) {
    const { width, height } = this.graph._fullLayout;
    const density = densityOf();
    const context = contextOf(canvas);
    if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
      canvas.className = "lookahead-dragged";
      canvas.style.cssText = `position:absolute;left:0;top:0;width:${width}px;height:${height}px`;
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      context.scale(density, density);
    }
    context.clearRect(0, 0, width, height);
    return context;
  }

  clear() {
    this.canvas?.remove();
    this.canvas = null;
  }

  remove() {
    this.canvas = null;
    for (const event of REDRAWN) this.graph?.removeListener?.(event, this.onRedraw);
    this.overlay?.remove();
    this.graph = null;
    this.panels = null;
  }
}

/**
 * Whether some trace is drawn on a plot: plotly hides a trace without points.
 * @param {Graph} graph
 * @param {Graph} plot
 */
function hasData(graph, { xaxis, yaxis }) {
  /** @type {Graph[]} */
  const traces = graph._fullData ?? [];
  return traces.some((each) => each.visible === true && each.xaxis === xaxis._id && each.yaxis === yaxis._id);
}

function cursor() {
  const element = document.createElement("div");
  element.style.cssText = "position:absolute;left:0;top:0;width:1.5px;will-change:transform";
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {CursorLine & {panel: Panel}} [placement]
 */
function place(element, placement) {
  const x = placement ? placement.panel.x(placement.evaluations) : NaN;
  const inside = placement && x >= placement.panel.horizontal.offset - 0.5 && x <= placement.panel.horizontal.end + 0.5;
  const { offset, length } = placement?.panel.vertical ?? {};
  const looks = inside ? `visible|${length}|${placement.color}` : "hidden";
  if (looks !== element.dataset.looks) {
    element.dataset.looks = looks;
    Object.assign(element.style, {
      visibility: looks.split("|")[0],
      height: `${length}px`,
      background: placement?.color,
    });
  }
  if (inside) element.style.transform = `translate(${x - 0.75}px,${offset}px)`;
}

/**
 * One line when all agree, else one for each optimizer; ended ones have none while others continue.
 * @param {Scene} scene
 * @param {number} row
 * @returns {CursorLine[]}
 */
export function cursorLines(scene, row) {
  const visible = scene.runs.filter((run) => scene.anyShown(run));
  const going = visible.filter((run) => row <= run.final);
  const byName = new Map();
  for (const run of going.length ? going : visible) if (!byName.has(run.name)) byName.set(run.name, run);
  const lines = [...byName.values()].map((run) => ({
    evaluations: run.evaluations[run.clamp(row)],
    color: ink(scene.inks(run)[0], 0.9),
  }));
  const agree = lines.every(({ evaluations }) => evaluations === lines[0].evaluations);
  return agree ? lines.slice(0, 1).map((line) => ({ ...line, color: ink(scene.theme.text, 0.55) })) : lines;
}
