// A plotly chart as the stage of a player.

import { Canvases } from "./canvases.js";
import { partOf } from "./elements.js";
import { findChart, leaveSwipesToPage, plotlyPanels, REDRAWN } from "./plotly_chart.js";

/** @import {Graph, Heights} from "./types.d.ts" */

export class ChartStage {
  /**
   * @param {Graph} graph
   * @param {() => void} onChange
   */
  constructor(graph, onChange) {
    this.graph = graph;
    this.host = partOf(graph, ".svg-container");
    // Below plotly's top drawing, so that its hover labels stay above the tracks.
    this.canvases = new Canvases(this.host, this.host.querySelectorAll(":scope > .main-svg")[1] ?? null);
    leaveSwipesToPage(this.host);
    this.onChange = onChange;
    for (const event of REDRAWN) graph.on(event, onChange);
    this.observer = new ResizeObserver(onChange);
    this.observer.observe(graph);
    this.measure();
  }

  /**
   * @param {string} key
   * @param {() => void} onChange
   * @returns {?ChartStage}
   */
  static at(key, onChange) {
    const graph = findChart(key);
    return graph?.querySelector(".svg-container") ? new ChartStage(graph, onChange) : null;
  }

  get attached() {
    return this.graph.isConnected && this.canvases.attached;
  }

  /** Read the axes again; returns whether they changed. */
  measure() {
    this.panels = plotlyPanels(this.graph);
    this.canvases.cover(this.panels);
    const signature = [this.canvases.signature, ...this.panels.map((panel) => panel.signature)].join("|");
    const hasChanged = signature !== this.signature;
    this.signature = signature;
    return hasChanged;
  }

  /**
   * The surface drawn on a panel as {x, y, z}, where the chart has one.
   * @param {number} index
   * @returns {?Heights}
   */
  heights(index) {
    const axis = index ? `x${index + 1}` : "x";
    /** @type {Graph[]} */
    const traces = this.graph._fullData ?? [];
    const number = traces.findIndex(({ type, xaxis }) => /^(contour|heatmap)$/.test(type) && xaxis === axis);
    const trace = number < 0 ? null : this.graph.calcdata?.[number]?.[0];
    return trace?.z && trace.x?.length >= trace.z[0].length ? { x: trace.x, y: trace.y, z: trace.z } : null;
  }

  /** The chart draws its own axes. */
  paint() {}

  remove() {
    for (const event of REDRAWN) this.graph.removeListener?.(event, this.onChange);
    this.observer.disconnect();
    this.canvases.remove();
  }
}
