// A player's heads over a chart in three dimensions, projected by its camera; and that camera, stored, since
// Streamlit makes the chart anew whenever its data change. The heads do not change the chart's own data.

import { contextOf, densityOf } from "./elements.js";
import { rangeOf, sample } from "./heights.js";
import { AVERAGE, lookOf } from "./look.js";
import { head, hollow } from "./marks.js";
import { findChart } from "./plotly_chart.js";

/** @import {ComponentArguments, Graph, HeadColors, PlacedHead} from "./types.d.ts" */

const HEAD_LIFT = 0.008; // of the relief's height, as surface3d.py lifts its lines
window.__lookaheadCameras ??= {};
const cameras = window.__lookaheadCameras; // survives a new copy of this module
const CAMERA_MOVED = ["plotly_relayouting", "plotly_relayout"];
const TOUCHES = ["pointerdown", "wheel"];

/**
 * A 4 x 4 matrix, column after column, times a point.
 * @param {number[]} matrix
 * @param {number[]} point
 */
function transform(matrix, point) {
  return [0, 1, 2, 3].map((row) => point.reduce((sum, value, column) => sum + matrix[row + 4 * column] * value, 0));
}

/**
 * The projection of a point of the scene, as shares of the picture's width and height.
 * @param {Record<string, number[]>} camera
 * @param {number[]} point
 */
function project({ model, view, projection }, point) {
  const [x, y, , w] = [model, view, projection].reduce((at, matrix) => transform(matrix, at), [...point, 1]);
  return [0.5 + (0.5 * x) / w, 0.5 - (0.5 * y) / w];
}

/**
 * @param {Record<string, number>} one
 * @param {Record<string, number>} other
 */
function sameEye(one, other) {
  return ["x", "y", "z"].every((axis) => Math.abs(one[axis] - other[axis]) < 1e-9);
}

class ReliefHeads {
  constructor() {
    this.chart = ""; // key of the chart
    this.player = ""; // key of the player
    this.lastSignature = ""; // signature of the last drawing
    this.isTouched = false;
    /** @type {?Graph} plotly's scene, as it was made last */
    this.scene = null;
    this.touch = () => {
      this.isTouched = true;
    };
    this.onCameraMove = () => {
      if (this.isTouched && this.scene?.glplot) cameras[this.chart] = this.scene.getCamera();
    };
    this.tick = () => this.frame();
    this.frameRequest = requestAnimationFrame(this.tick);
  }

  frame() {
    this.frameRequest = requestAnimationFrame(this.tick);
    if (!this.graph?.isConnected) this.attach(findChart(this.chart));
    const scene = this.graph?._fullLayout.scene?._scene;
    if (!scene?.glplot) return;
    if (scene !== this.scene) this.adopt(scene);
    if (!this.isTouched) this.restore();
    this.draw();
  }

  /** @param {?Graph} graph */
  attach(graph) {
    this.detach();
    this.graph = graph;
    for (const event of CAMERA_MOVED) graph?.on(event, this.onCameraMove);
    for (const event of TOUCHES) graph?.addEventListener(event, this.touch, { capture: true, passive: true });
  }

  detach() {
    for (const event of CAMERA_MOVED) this.graph?.removeListener?.(event, this.onCameraMove);
    for (const event of TOUCHES) this.graph?.removeEventListener(event, this.touch, { capture: true });
    this.canvas?.remove();
    this.graph = null;
    this.scene = null;
    this.canvas = null;
  }

  /**
   * For a new scene: give it a canvas and, until it is touched, the last camera.
   * @param {Graph} scene
   */
  adopt(scene) {
    this.scene = scene;
    this.canvas?.remove();
    this.canvas = scene.container.appendChild(document.createElement("canvas"));
    this.canvas.className = "lookahead-relief";
    this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
    this.lastSignature = "";
    this.isTouched = false;
  }

  /** Give the scene the camera of the last one, unless it has it. */
  restore() {
    const camera = cameras[this.chart];
    const { scene } = this;
    if (!camera || sameEye(camera.eye, scene.getCamera().eye)) return;
    const { _fullLayout: full, layout } = this.graph;
    full.scene.camera = { ...full.scene.camera, ...camera };
    layout.scene = { ...layout.scene, camera };
    scene.setViewport(full.scene);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const { cameraParams } = this.scene.glplot;
    const heads = window.__lookaheadPlayers?.[this.player]?.heads ?? [];
    const places = heads.map(({ weights }) => weights.join());
    const signature = [width, height, ...cameraParams.view, ...cameraParams.projection, ...places].join();
    if (signature === this.lastSignature) return;
    this.lastSignature = signature;
    const density = densityOf();
    this.canvas.width = width * density;
    this.canvas.height = height * density;
    const context = contextOf(this.canvas);
    context.scale(density, density);
    this.heads = heads.flatMap((each) => this.spotsOf(each, width, height));
    for (const { layer, point, color, halo } of this.heads) {
      if (layer === "averaged") hollow(context, AVERAGE.shape, point, AVERAGE.radius, color, halo);
      else head(context, lookOf(layer).shape, point, lookOf(layer).radius, color, halo);
    }
  }

  /**
   * A head on the relief, or none where there is no relief below it.
   * @param {HeadColors} each
   * @param {number} width
   * @param {number} height
   * @returns {PlacedHead[]}
   */
  spotsOf(each, width, height) {
    const { x, y, z } = this.graph._fullData.find((/** @type {Graph} */ { type }) => type === "surface");
    this.range = this.rangedOver === z ? this.range : rangeOf({ z });
    this.rangedOver = z;
    const up = sample({ x, y, z }, each.weights[0], each.weights[1]) + HEAD_LIFT * (this.range[1] - this.range[0]);
    if (!Number.isFinite(up)) return [];
    const place = [...each.weights, up].map((value, axis) => value * this.scene.dataScale[axis]);
    const [across, down] = project(this.scene.glplot.cameraParams, place);
    return [{ ...each, height: up, point: [across * width, down * height] }];
  }

  remove() {
    cancelAnimationFrame(this.frameRequest);
    this.detach();
  }
}

/** @type {WeakMap<HTMLElement, ReliefHeads>} */
const reliefs = new WeakMap();

/**
 * Streamlit calls this when the data changed, and what it returns when the component leaves the page.
 * @param {ComponentArguments<{chart: string, player: string}>} component
 */
export default function mount({ data, parentElement }) {
  if (!reliefs.has(parentElement)) reliefs.set(parentElement, new ReliefHeads());
  const heads = reliefs.get(parentElement);
  if (heads.chart !== data.chart) heads.detach();
  heads.chart = data.chart;
  heads.player = data.player;
  window.__lookaheadReliefs ??= {};
  window.__lookaheadReliefs[data.chart] = heads;
  return () => {
    heads.remove();
    reliefs.delete(parentElement);
    if (window.__lookaheadReliefs[data.chart] === heads) delete window.__lookaheadReliefs[data.chart];
  };
}
