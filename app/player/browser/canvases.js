// The three canvases over a chart: pale casings and trails, both added to while playing forward, and the scene,
// which is drawn anew each frame.

import { contextOf, densityOf } from "./elements.js";

/** @import {Box, Context} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */

const NAMES = ["casing", "trail", "scene"]; // the lowest first

export class Canvases {
  /**
   * Canvases as children of `host`, before the child `before` (null: at the end).
   * @param {HTMLElement} host
   * @param {?Node} before
   */
  constructor(host, before) {
    this.host = host;
    this.canvases = NAMES.map((name) => {
      const canvas = document.createElement("canvas");
      canvas.className = `lookahead-${name}`;
      canvas.style.cssText = "position:absolute;pointer-events:none";
      host.insertBefore(canvas, before);
      return canvas;
    });
    const [casing, trail, scene] = this.canvases.map(contextOf);
    this.casing = casing;
    this.trail = trail;
    this.scene = scene;
    this.signature = "";
  }

  get attached() {
    return this.canvases.every((canvas) => canvas.isConnected);
  }

  /**
   * Cover the panels and no more, in CSS pixels of the host; contexts keep the host's coordinates. Clears everything.
   * @param {Panel[]} panels
   */
  cover(panels) {
    const density = densityOf();
    const [left, top, right, bottom] = boundsOfPanels(panels);
    /** @type {Box} left, top, width, height */
    const box = [left, top, right - left, bottom - top];
    if (`${box}|${density}` === this.signature) return;
    this.box = box;
    this.density = density;
    this.signature = `${box}|${density}`;
    for (const canvas of this.canvases) {
      canvas.width = (right - left) * density;
      canvas.height = (bottom - top) * density;
      const { style } = canvas;
      [style.left, style.top, style.width, style.height] = box.map((length) => `${length}px`);
    }
    for (const context of [this.casing, this.trail, this.scene]) {
      context.setTransform(density, 0, 0, density, -left * density, -top * density);
    }
  }

  /** @param {...Context} contexts */
  clear(...contexts) {
    const [left, top, width, height] = this.box;
    for (const context of contexts) context.clearRect(left, top, width, height);
  }

  remove() {
    for (const canvas of this.canvases) canvas.remove();
  }
}

/**
 * @param {Panel[]} panels
 * @returns {Box}
 */
function boundsOfPanels(panels) {
  const across = panels.map(({ horizontal }) => horizontal);
  const down = panels.map(({ vertical }) => vertical);
  return [
    Math.floor(Math.min(...across.map(({ offset }) => offset))),
    Math.floor(Math.min(...down.map(({ offset }) => offset))),
    Math.ceil(Math.max(...across.map(({ end }) => end))),
    Math.ceil(Math.max(...down.map(({ end }) => end))),
  ];
}
