// Where the runs have been. Trails are only added to while time runs forward; seeking, zooming and toggling begin anew.
//
// A bare optimizer leaves its path. With slow weights, only the outermost layer's way is there to stay: segments from φ
// to where each update took it, end to end. What is inside restarts from it, so the fast path up to a synchronisation,
// and the way of a layer up to an outer one, are left behind as ghosts: fainter, and dotted if fast.

const MARK_SPACING = 16; // px between the shapes along a slow track
const CHUNK = 32; // rows

class Trails {
  constructor(layers) {
    this.layers = layers;
    this.reset();
  }

  reset() {
    this.row = 0;
    this.layers.clear("casing", "trail");
    this.lengths = new Map(); // px drawn of each dashed track, so that dashes continue where the last segment ended
  }

  /** Draw all up to a row. Whole chunks go to canvases that then stay as they are; the rest goes to the scene. */
  draw(scene, row) {
    if (row < this.row) this.reset();
    if (row - this.row >= CHUNK) {
      const { casing, trail } = this.layers;
      this.paint(scene, { casing, trail, lasting: true }, row);
      this.row = row;
    } else if (row > this.row) {
      // One canvas for both: all casings first, so that none covers another run's trail.
      this.paint(scene, { casing: this.layers.scene, lasting: false }, row);
      this.paint(scene, { trail: this.layers.scene, lasting: false }, row);
    }
  }

  paint(scene, paper, row) {
    const contexts = [paper.casing, paper.trail].filter(Boolean);
    for (const run of scene.runs) {
      const panel = scene.panelOf(run);
      if (!panel || run.cloud || !scene.anyShown(run)) continue;
      for (const context of contexts) {
        context.save();
        panel.clip(context);
      }
      this.extend({ scene, panel, run, paper }, run.clamp(this.row), run.clamp(row));
      for (const context of contexts) context.restore();
    }
  }

  extend(view, from, to) {
    const { scene, panel, run } = view;
    if (from === to) return;
    if (!run.explains) {
      this.plain(view, from, to);
    } else {
      if (scene.shown(run, 0)) this.ghosts(view, from, to);
      for (let layer = 1; layer < run.depth; layer++) {
        if (scene.shown(run, layer)) this.leftBehind(view, layer, from, to);
      }
      if (scene.shown(run, run.depth)) this.outermost(view, from, to);
    }
    if (run.averaged && scene.shown(run, "averaged")) {
      stroke(view, 0, { alpha: 0.8, dash: AVERAGE_DASH }, (context) => trace(context, panel, run.averaged, from, to));
    }
  }

  plain(view, from, to) {
    const { scene, panel, run } = view;
    [run.fast, ...(run.slow ?? [])].forEach((points, layer) => {
      if (!scene.shown(run, layer)) return;
      const look = { alpha: layer === 0 ? 0.6 : 0.75, dash: styleOf(DASHES, layer) };
      stroke(view, layer, look, (context) => trace(context, panel, points, from, to));
    });
  }

  ghosts(view, from, to) {
    const { panel, run } = view;
    stroke(view, 0, { alpha: 0.6, dash: GHOST_DASH, casing: 0.5 }, (context) => {
      for (let row = from + 1; row <= to; row++) {
        if (run.synchronised[row]) traceBlock(context, panel, run, row);
      }
    });
  }

  /** The way of an inner layer, once an outer one has thrown it back. */
  leftBehind(view, layer, from, to) {
    const { panel, run } = view;
    stroke(view, layer, { alpha: 0.4, dash: styleOf(DASHES, layer), casing: 0.6, thinned: 0.7 }, (context) => {
      for (let row = from + 1; row <= to; row++) {
        if (run.synchronised[row] > layer) traceLayer(context, panel, run, layer, run.last[layer][row - 1], row);
      }
    });
  }

  outermost(view, from, to) {
    const { scene, panel, run, paper } = view;
    const layer = run.depth;
    const known = { length: 0, mark: 0, ...this.lengths.get(run) };
    const look = { alpha: 0.95, dash: styleOf(DASHES, layer), offset: known.length };
    stroke(view, layer, look, (context) => traceLayer(context, panel, run, layer, from, to));
    for (let row = from + 1; row <= to; row++) {
      if (run.synchronised[row] < layer) continue;
      const [start, end] = [run.weights(layer, row - 1), run.weights(layer, row)].map((weights) =>
        panel.place(weights),
      );
      known.length += Math.hypot(end[0] - start[0], end[1] - start[1]);
      if (known.length - known.mark < MARK_SPACING) continue;
      known.mark = known.length;
      if (!paper.trail) continue;
      shape(paper.trail, layer, end[0], end[1], 3.2 * scene.thickness);
      paper.trail.fillStyle = ink(scene.inks(run)[layer]);
      paper.trail.fill();
    }
    if (paper.lasting) this.lengths.set(run, known);
  }
}

/** Stroke one path twice: its casing in the page's colour, and itself. */
function stroke({ scene, run, paper }, layer, { alpha, dash, offset = 0, casing = 1, thinned = 1 }, path) {
  const width = styleOf(LINE_WIDTHS, layer) * scene.thickness * thinned;
  const paints = [
    [paper.casing, ink(scene.theme.background, 0.6 * casing), width + 2.4, []],
    [paper.trail, ink(scene.inks(run)[layer], alpha), width, dash],
  ];
  for (const [context, color, thickness, pattern] of paints) {
    if (!context) continue;
    context.beginPath();
    path(context);
    Object.assign(context, { lineJoin: "round", lineWidth: thickness, strokeStyle: color, lineDashOffset: offset });
    context.setLineDash(pattern);
    context.stroke();
    context.setLineDash([]);
    context.lineDashOffset = 0;
  }
}

/** The fast path between two synchronisations, up to where it was given up. */
function traceBlock(context, panel, run, row) {
  const start = run.blockStart(row);
  trace(context, panel, run.fast, start, row - 1);
  const [x, y] = pointAt(run.proposal, row);
  extend(context, panel.x(run.fast.x[row - 1]), panel.y(run.fast.y[row - 1]), panel.x(x), panel.y(y));
}

/** The way of a layer's slow weights after row `from`, up to row `to`. */
function traceLayer(context, panel, run, layer, from, to) {
  let reached = null;
  for (let row = from + 1; row <= to; row++) {
    if (run.synchronised[row] < layer) continue;
    const update = run.updates(row)[layer - 1];
    const [start, end] = [panel.place(update.from), panel.place(update.to)];
    const joined = reached && Math.hypot(start[0] - reached[0], start[1] - reached[1]) < 0.01;
    if (!joined) context.moveTo(near(start[0]), near(start[1]));
    extend(context, ...start, ...end);
    reached = end;
  }
}
