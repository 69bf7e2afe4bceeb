// Where the runs have been. Trails are only added to while time runs forward; seeking, zooming and toggling begin anew.
//
// A bare optimizer leaves its path. An optimizer with slow weights leaves, at each synchronisation, the discarded fast
// path as a dotted ghost and one segment for each layer that moved: from its φ to where the update took it. Only the
// outermost layer's segments join up; those of inner layers break off where an outer synchronisation threw them back.

const MARK_SPACING = 16; // px between the shapes along a slow track

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

  /** Draw what is missing up to a row. `shown(run, layer)` says what is switched on. */
  advance(scene, row) {
    if (row < this.row) this.reset();
    if (row === this.row) return;
    const { casing, trail } = this.layers;
    for (const run of scene.runs) {
      const panel = scene.panelOf(run);
      if (!panel || !scene.anyShown(run)) continue;
      for (const context of [casing, trail]) {
        context.save();
        panel.clip(context);
      }
      this.extend(scene, panel, run, run.clamp(this.row), run.clamp(row));
      for (const context of [casing, trail]) context.restore();
    }
    this.row = row;
  }

  extend(scene, panel, run, from, to) {
    if (from === to) return;
    if (!run.explains) {
      this.plain(scene, panel, run, from, to);
    } else {
      if (scene.shown(run, 0)) this.ghosts(scene, panel, run, from, to);
      run.layers.forEach((_, below) => {
        if (scene.shown(run, below + 1)) this.segments(scene, panel, run, below + 1, from, to);
      });
    }
    if (run.averaged && scene.shown(run, "averaged")) {
      this.stroke(scene, run, 0, 0.8, [2, 2, 6, 2], (context) => trace(context, panel, run.averaged, from, to));
    }
  }

  plain(scene, panel, run, from, to) {
    const tracks = [run.fast, ...(run.slow ?? [])];
    tracks.forEach((points, layer) => {
      if (!scene.shown(run, layer)) return;
      const alpha = run.slow && layer === 0 ? 0.5 : 0.72;
      this.stroke(scene, run, layer, alpha, styleOf(DASHES, layer), (context) => trace(context, panel, points, from, to));
    });
  }

  ghosts(scene, panel, run, from, to) {
    this.stroke(scene, run, 0, 0.55, GHOST_DASH, (context) => {
      for (let row = from + 1; row <= to; row++) {
        if (run.synchronised[row]) traceBlock(context, panel, run, row);
      }
    }, 0.5);
  }

  segments(scene, panel, run, layer, from, to) {
    const name = `${run.id}/${layer}`;
    const known = this.lengths.get(name) ?? { length: 0, mark: -MARK_SPACING };
    const marks = [];
    let reached = null;
    const outermost = layer === run.depth;
    const dashes = { pattern: styleOf(DASHES, layer), offset: known.length };
    this.stroke(scene, run, layer, outermost ? 0.95 : 0.6, dashes, (context) => {
      for (let row = from + 1; row <= to; row++) {
        if (run.synchronised[row] < layer) continue;
        const update = run.updates(row)[layer - 1];
        const [start, end] = [panel.place(update.from), panel.place(update.to)];
        const joined = reached && Math.hypot(start[0] - reached[0], start[1] - reached[1]) < 0.01;
        if (!joined) context.moveTo(near(start[0]), near(start[1]));
        context.lineTo(near(end[0]), near(end[1]));
        reached = end;
        if (context === this.layers.trail) {
          known.length += Math.hypot(end[0] - start[0], end[1] - start[1]);
          if (known.length - known.mark >= MARK_SPACING) {
            known.mark = known.length;
            marks.push(end);
          }
        }
      }
    });
    this.lengths.set(name, known);
    for (const mark of marks) this.mark(scene, run, layer, mark, outermost);
  }

  mark(scene, run, layer, point, outermost) {
    const { trail } = this.layers;
    shape(trail, layer, point[0], point[1], outermost ? 3.2 : 2.4);
    trail.fillStyle = ink(scene.inks(run)[layer], outermost ? 1 : 0.7);
    trail.fill();
  }

  /** Stroke one path twice: its casing in the page's colour, and itself. */
  stroke(scene, run, layer, alpha, dashes, path, casing = 1) {
    const width = styleOf(LINE_WIDTHS, layer) * scene.thickness;
    const paints = [
      [this.layers.casing, ink(scene.theme.background, 0.6 * casing), width + 2.4, []],
      [this.layers.trail, ink(scene.inks(run)[layer], alpha), width, dashes.pattern ?? dashes],
    ];
    for (const [context, color, thickness, pattern] of paints) {
      context.beginPath();
      path(context);
      context.lineJoin = "round";
      context.lineWidth = thickness;
      context.strokeStyle = color;
      context.setLineDash(pattern);
      context.lineDashOffset = dashes.offset ?? 0;
      context.stroke();
      context.setLineDash([]);
      context.lineDashOffset = 0;
    }
  }
}

/** The fast path between two synchronisations, up to where it was given up. */
function traceBlock(context, panel, run, row) {
  const start = run.blockStart(row);
  trace(context, panel, run.fast, start, row - 1);
  const [x, y] = pointAt(run.proposal, row);
  extend(context, panel.x(run.fast.x[row - 1]), panel.y(run.fast.y[row - 1]), panel.x(x), panel.y(y));
}
