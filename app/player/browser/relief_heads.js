// A player's heads over a chart in three dimensions, where its camera sees them; and that camera, remembered, since
// Streamlit makes the chart anew whenever its data change. The chart's own data never change for the heads' sake.

const HEAD_LIFT = 0.008; // of the relief's height, as surface3d.py lifts its lines
const cameras = (window.__lookaheadCameras ??= {});
const CAMERA_MOVED = ["plotly_relayouting", "plotly_relayout"];
const TOUCHES = ["pointerdown", "wheel"];

/** A 4 x 4 matrix, column after column, times a point. */
function transformed(matrix, point) {
  return [0, 1, 2, 3].map((row) => point.reduce((sum, value, column) => sum + matrix[row + 4 * column] * value, 0));
}

/** Where a camera sees a point of the scene, as shares of the picture's width and height. */
function projected({ model, view, projection }, point) {
  const [x, y, , w] = [model, view, projection].reduce((at, matrix) => transformed(matrix, at), [...point, 1]);
  return [0.5 + (0.5 * x) / w, 0.5 - (0.5 * y) / w];
}

function sameEye(one, other) {
  return ["x", "y", "z"].every((axis) => Math.abs(one[axis] - other[axis]) < 1e-9);
}

class Orbit {
  constructor() {
    this.touch = () => (this.touched = true);
    this.moved = () => {
      if (this.touched && this.scene?.glplot) cameras[this.chart] = this.scene.getCamera();
    };
    this.tick = () => this.frame();
    this.asked = requestAnimationFrame(this.tick);
  }

  frame() {
    this.asked = requestAnimationFrame(this.tick);
    if (!this.graph?.isConnected) this.attach(findChart(this.chart));
    const scene = this.graph?._fullLayout.scene?._scene;
    if (!scene?.glplot) return;
    if (scene !== this.scene) this.adopt(scene);
    if (!this.touched) this.restore();
    this.draw();
  }

  attach(graph) {
    this.detach();
    this.graph = graph;
    for (const event of CAMERA_MOVED) graph?.on(event, this.moved);
    for (const event of TOUCHES) graph?.addEventListener(event, this.touch, { capture: true, passive: true });
  }

  detach() {
    for (const event of CAMERA_MOVED) this.graph?.removeListener?.(event, this.moved);
    for (const event of TOUCHES) this.graph?.removeEventListener(event, this.touch, { capture: true });
    this.canvas?.remove();
    this.graph = this.scene = this.canvas = null;
  }

  /** A scene just made: give it a canvas and, whatever plotly does meanwhile, the last camera until it is touched. */
  adopt(scene) {
    this.scene = scene;
    this.canvas?.remove();
    this.canvas = scene.container.appendChild(document.createElement("canvas"));
    this.canvas.className = "lookahead-orbit";
    this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
    this.drawn = "";
    this.touched = false;
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
    const heads = players()[this.player]?.heads ?? [];
    const places = heads.map(({ weights }) => weights.join());
    const signature = [width, height, ...cameraParams.view, ...cameraParams.projection, ...places].join();
    if (signature === this.drawn) return;
    this.drawn = signature;
    const density = Math.min(2, window.devicePixelRatio || 1);
    Object.assign(this.canvas, { width: width * density, height: height * density });
    const context = this.canvas.getContext("2d");
    context.scale(density, density);
    this.heads = heads.flatMap((each) => this.seen(each, width, height));
    for (const { layer, point, color, halo } of this.heads) {
      if (layer === "averaged") hollow(context, 0, point, 5, color, halo);
      else head(context, layer, point, styleOf(HEAD_RADII, layer), color, halo);
    }
  }

  /** A head on the relief, or none where there is no relief below it. */
  seen(each, width, height) {
    const { x, y, z } = this.graph._fullData.find(({ type }) => type === "surface");
    this.range = this.rangedOver === z ? this.range : rangeOf({ z });
    this.rangedOver = z;
    const up = sample({ x, y, z }, ...each.weights) + HEAD_LIFT * (this.range[1] - this.range[0]);
    if (!Number.isFinite(up)) return [];
    const place = [...each.weights, up].map((value, axis) => value * this.scene.dataScale[axis]);
    const [across, down] = projected(this.scene.glplot.cameraParams, place);
    return [{ ...each, height: up, point: [across * width, down * height] }];
  }

  remove() {
    cancelAnimationFrame(this.asked);
    this.detach();
  }
}

const players = () => window.__lookaheadPlayers ?? {};
const orbits = new WeakMap();

/** Streamlit calls this when the data changed, and what it returns when the component leaves the page. */
export default function ({ data, parentElement }) {
  if (!orbits.has(parentElement)) orbits.set(parentElement, new Orbit());
  const orbit = orbits.get(parentElement);
  if (orbit.chart !== data.chart) orbit.detach();
  Object.assign(orbit, { chart: data.chart, player: data.player });
  (window.__lookaheadOrbits ??= {})[data.chart] = orbit;
  return () => {
    orbit.remove();
    orbits.delete(parentElement);
    if (window.__lookaheadOrbits[data.chart] === orbit) delete window.__lookaheadOrbits[data.chart];
  };
}
