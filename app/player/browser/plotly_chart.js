// The plotly chart that the player is laid over. Its axes are read from plotly's private layout: Streamlit, which brings
// plotly.js, is therefore pinned exactly, and a test compares the canvas with a plotly marker to a fraction of a pixel.

import { Axis, Panel } from "./axes.js";

/** @import {Graph} from "./types.d.ts" */

export const REDRAWN = ["plotly_afterplot", "plotly_relayouting", "plotly_relayout"];

/**
 * The place on the page that Streamlit made for the element of a key, which may still be empty.
 * @param {string} key
 * @returns {?HTMLElement}
 */
export function placeOfKey(key) {
  const name = key.trim().replace(/[^a-zA-Z0-9_-]/g, "-"); // as Streamlit makes class names of keys
  return key ? document.querySelector(`.st-key-${CSS.escape(name)}`) : null;
}

/**
 * @param {string} key
 * @returns {?Graph}
 */
export function findChart(key) {
  const graph = /** @type {?Graph} */ (placeOfKey(key)?.querySelector(".js-plotly-plot") ?? null);
  return graph?._fullLayout?._size && graph.on ? graph : null;
}

/**
 * @param {Graph} axis
 * @param {boolean} up
 */
export function plotlyAxis(axis, up) {
  return new Axis(axis._offset, axis._length, axis.range, axis.type === "log", up);
}

/**
 * A panel for each axis pair (x, y), (x2, y2), ... of a chart.
 * @param {Graph} graph
 */
export function plotlyPanels(graph) {
  const panels = [];
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? "" : number;
    const [x, y] = [graph._fullLayout[`xaxis${suffix}`], graph._fullLayout[`yaxis${suffix}`]];
    if (!x || !y) return panels;
    panels.push(new Panel(plotlyAxis(x, false), plotlyAxis(y, true)));
  }
}

/**
 * Hide touches from plotly, which would drag its axes: a swipe scrolls the page and a tap is a click.
 * @param {HTMLElement} host
 */
export function leaveSwipesToPage(host) {
  host.style.touchAction = "manipulation";
  host.addEventListener("touchstart", unheard, { capture: true, passive: true });
}

/** @param {Event} event */
function unheard(event) {
  if (!(/** @type {Element} */ (event.target).closest(".modebar"))) event.stopPropagation();
}
