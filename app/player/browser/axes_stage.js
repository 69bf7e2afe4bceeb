// The player's own axes, for a page without a chart: panels side by side, a background (an image, or heights that are
// drawn as a shaded contour), ticks and labels.

import { Axis, Panel, roundTicks } from "./axes.js";
import { extentOf } from "./bounds.js";
import { Canvases } from "./canvases.js";
import { contextOf } from "./elements.js";
import { drawContours, picture, unpackHeights } from "./heights.js";
import { SLATE } from "./look.js";
import { fixed } from "./numbers.js";
import { placeOfKey } from "./plotly_chart.js";
import { ink, mix } from "./theme.js";

/** @import {Align, Background, Box, Context, FirstFrame, Heights, Theme, PlayerView} from "./types.d.ts" */
/** @import {Run} from "./run.js" */

/** @type {[number, number, number, number]} left, right, top, bottom */
const AXES_MARGIN = [48, 12, 26, 38];
const NARROW = 560; // px; below this, panels stand one above the other
const SHADES = 16;

export class AxesStage {
  /**
   * @param {HTMLElement} host
   * @param {Run[]} runs
   * @param {PlayerView} view
   * @param {?Background} background
   * @param {() => void} onChange
   * @param {?FirstFrame} [first] at the place of a coming chart
   */
  constructor(host, runs, view, background, onChange, first = null) {
    this.host = host;
    this.first = first;
    this.runs = runs;
    this.view = view;
    this.background = background;
    host.hidden = false;
    this.ground = document.createElement("canvas");
    this.ground.style.cssText = "position:absolute;left:0;top:0";
    host.append(this.ground);
    this.canvases = new Canvases(host, null);
    this.extent = background?.extent ?? extentOf(runs);
    this.observer = new ResizeObserver(onChange);
    this.observer.observe(host);
    this.measure();
  }

  get attached() {
    return this.canvases.attached;
  }

  /** Over the place that the page keeps for a coming chart: its height. */
  coverPlace() {
    const place = this.first && placeOfKey(`${this.view.chart}-place`);
    if (!place) return null;
    const { host } = this;
    const [placeBox, parent] = [place, host.parentElement].map((element) => element.getBoundingClientRect());
    host.style.cssText = `position:absolute;z-index:1;background:var(--st-background-color);
      left:${placeBox.left - parent.left}px;top:${placeBox.top - parent.top}px;width:${placeBox.width}px`;
    return placeBox.height;
  }

  measure() {
    const coverHeight = this.coverPlace();
    const width = this.host.clientWidth;
    const count = 1 + Math.max(0, ...this.runs.map((run) => run.panel));
    const columns = width < NARROW ? 1 : count;
    const [across, down] = [width / columns, Math.max(300, Math.min(560, (0.68 * width) / columns))];
    const height = coverHeight ?? Math.round(down * Math.ceil(count / columns));
    this.host.style.height = `${height}px`;
    this.panels = Array.from({ length: count }, (_, index) => {
      const [left, top] = [(index % columns) * across, Math.floor(index / columns) * down];
      return axesPanel([left, top, across, coverHeight ?? down], this.first?.margin ?? AXES_MARGIN, this.extent);
    });
    this.canvases.cover(this.panels);
    this.width = width;
    this.height = height;
    const signature = [width, height, this.canvases.signature].join("|");
    const hasChanged = signature !== this.signature;
    this.signature = signature;
    return hasChanged;
  }

  /**
   * The heights whose level lines the close-up draws.
   * @returns {?Heights}
   */
  heights() {
    return this.background?.flow ? null : (this.background?.heights ?? null);
  }

  /**
   * Draw the static background.
   * @param {Theme} theme
   */
  paint(theme) {
    const { width, height } = this;
    const { density } = this.canvases;
    this.ground.width = Math.round(width * density);
    this.ground.height = Math.round(height * density);
    this.ground.style.width = `${width}px`;
    const context = contextOf(this.ground);
    context.setTransform(density, 0, 0, density, 0, 0);
    this.panels.forEach((panel, index) => {
      context.save();
      panel.clip(context);
      this.paintBackground(context, panel, theme);
      context.restore();
      if (!this.first) paintFrame(context, panel, theme); // a chart has none
      paintAxes(context, panel, theme, this.view.labels);
      const title = this.panels.length > 1 ? this.runs.find((run) => run.panel === index)?.name : "";
      const { offset, length } = panel.horizontal;
      if (title) paintText(context, title, offset + length / 2, panel.vertical.offset - 13, theme, 13, "center");
    });
  }

  /**
   * @param {Context} context
   * @param {Panel} panel
   * @param {Theme} theme
   */
  paintBackground(context, panel, theme) {
    const { image, heights, flow, extent } = this.background ?? {};
    const box = extent ?? this.extent;
    const [left, top] = panel.place([box[0], box[3]]);
    const [right, bottom] = panel.place([box[1], box[2]]);
    if (image) context.drawImage(image, left, top, right - left, bottom - top);
    if (!heights) return;
    // Laid over the page as on its charts.
    const [low, high] = [SLATE.lowest, SLATE.highest].map(([red, green, blue, share]) =>
      mix(theme.background, [red, green, blue], share),
    );
    context.drawImage(picture(heights, low, high), left, top, right - left, bottom - top);
    if (flow) flow(context, panel);
    else drawContours(context, panel, heights, SHADES, ink(theme.text, 0.13));
  }

  remove() {
    this.observer.disconnect();
    this.canvases.remove();
    this.ground.remove();
    this.host.style.cssText = "";
    this.host.hidden = true;
  }
}

/**
 * @param {FirstFrame} first
 * @returns {Background}
 */
export function firstBackground({ extent, heights }) {
  return { extent, image: null, heights: heights && unpackHeights(heights, extent), flow: null };
}

/**
 * @param {[number, number, number, number]} place left, top, width, height
 * @param {[number, number, number, number]} margin
 * @param {Box} extent
 */
function axesPanel([left, top, width, height], [before, after, above, below], [x0, x1, y0, y1]) {
  return new Panel(
    new Axis(left + before, Math.max(10, width - before - after), [x0, x1]),
    new Axis(top + above, Math.max(10, height - above - below), [y0, y1], false, true),
  );
}

/**
 * @param {Context} context
 * @param {Panel} panel
 * @param {Theme} theme
 */
function paintFrame(context, { horizontal, vertical }, theme) {
  context.strokeStyle = ink(theme.text, 0.35);
  context.lineWidth = 1;
  context.strokeRect(horizontal.offset, vertical.offset, horizontal.length, vertical.length);
}

/**
 * @param {Context} context
 * @param {Panel} panel
 * @param {Theme} theme
 * @param {[string, string]} labels
 */
function paintAxes(context, panel, theme, labels) {
  const { horizontal, vertical } = panel;
  const across = roundTicks(horizontal.range, horizontal.length / 80);
  for (const value of across.values) {
    paintText(context, fixed(value, across.decimals), panel.x(value), vertical.end + 12, theme, 11, "center");
  }
  const up = roundTicks(vertical.range, vertical.length / 50);
  for (const value of up.values) {
    paintText(context, fixed(value, up.decimals), horizontal.offset - 7, panel.y(value), theme, 11, "right");
  }
  paintText(context, labels[0], horizontal.offset + horizontal.length / 2, vertical.end + 28, theme, 12, "center");
  context.save();
  context.translate(horizontal.offset - 38, vertical.offset + vertical.length / 2);
  context.rotate(-Math.PI / 2);
  paintText(context, labels[1], 0, 0, theme, 12, "center");
  context.restore();
}

/**
 * @param {Context} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {Theme} theme
 * @param {number} size
 * @param {Align} align
 */
function paintText(context, text, x, y, theme, size, align) {
  context.font = `${size}px ${theme.font}`;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.fillStyle = ink(theme.text, 0.8);
  context.fillText(text, x, y);
}
