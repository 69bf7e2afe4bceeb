// Everything that is drawn over the chart: which runs and layers are shown, on which panel, in which ink.

const MANY_RUNS = 8; // with more, only the inspected run explains its synchronisations
const CROWD = 14; // with more, lines and heads are thinner
const ROOMY = 560; // px of panel

class Scene {
  constructor() {
    this.runs = [];
    this.hidden = new Set(); // "name" or "name/layer"
    this.heads = [];
    this.inspected = null;
  }

  show(runs, theme) {
    Object.assign(this, { runs, reach: null });
    this.retheme(theme);
  }

  retheme(theme) {
    this.theme = theme;
    this.inkwell = new Map(this.runs.map((run) => [run, inksOf(run, theme)]));
  }

  place(stage) {
    this.stage = stage;
    this.trails = new Trails(stage.layers);
    this.remeasured();
  }

  remeasured() {
    this.exits = new Map();
    this.trails.reset();
  }

  inks(run) {
    return this.inkwell.get(run);
  }

  panelOf(run) {
    return this.stage.panels[run.panel] ?? this.stage.panels[0];
  }

  shown(run, layer) {
    return !this.hidden.has(run.name) && !this.hidden.has(`${run.name}/${layer}`);
  }

  anyShown(run) {
    return !this.hidden.has(run.name);
  }

  /** Of lines and heads: smaller in a crowd and on a small panel. */
  get thickness() {
    const room = this.stage?.panels[0]?.horizontal.length ?? ROOMY;
    return (this.runs.length > CROWD ? 0.75 : 1) * Math.max(0.72, Math.min(1, room / ROOMY));
  }

  draw(moment) {
    this.row = moment.row;
    const { scene } = this.stage.layers;
    this.stage.layers.clear("scene");
    this.trails.draw(this, moment.row);
    this.heads = [];
    for (const panel of this.stage.panels) this.drawMinima(scene, panel);
    const lastly = this.runs.filter((run) => run === this.inspected);
    for (const run of [...this.runs.filter((each) => each !== this.inspected), ...lastly]) {
      if (this.anyShown(run)) this.drawOne(scene, run, moment);
    }
  }

  drawMinima(context, panel) {
    for (const place of this.minima ?? []) {
      const [x, y] = panel.place(place);
      if (panel.contains([x, y])) hollow(context, 4, [x, y], 6, ink([107, 89, 0]), "#f0c419");
    }
  }

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

  detailOf(run) {
    const alone =
      this.stage.panels.length > 1 && !this.runs.some((other) => other !== run && other.panel === run.panel);
    const detail = run === this.inspected || alone;
    return { detail, explained: detail || this.runs.length <= MANY_RUNS, size: this.thickness };
  }

  /** Where and when a diverged run left its panel for good, or stopped. */
  exitOf(run, panel) {
    if (run.diverged < 0) return null;
    if (!this.exits.has(run)) this.exits.set(run, findExit(run, panel));
    return this.exits.get(run);
  }

  /** What a diverged run is seen within, [left, right, bottom, top]: the surface, however zoomed, and all that stayed. */
  homeOf(run) {
    if (run.diverged < 0) return null;
    this.reach ??= extentOf(this.runs);
    const { extent } = this.stage;
    const { x = [], y = [] } = this.stage.field(run.panel) ?? {};
    const edges = [this.reach, extent ?? this.reach, x.length ? [x[0], x.at(-1), y[0], y.at(-1)] : this.reach];
    return [0, 1, 2, 3].map((side) => Math[side % 2 ? "max" : "min"](...edges.map((box) => box[side])));
  }

  /** The loss at a head drawn last. */
  lossOf({ run, layer }) {
    return run.lossOf(layer, this.row);
  }

  /** The head nearest to a point, within `reach` pixels; of those at one place, the one on top. */
  headAt([x, y], reach = 16) {
    const away = ({ point }) => Math.round(Math.hypot(point[0] - x, point[1] - y) / 3);
    const close = this.heads.filter((each) => 3 * away(each) <= reach).reverse();
    return close.sort((a, b) => away(a) - away(b))[0] ?? null;
  }
}

function findExit(run, panel) {
  const row = leavingRow(run, (weights) => panel.contains(panel.place(weights)));
  return { row, point: exitPoint(run, panel, row) };
}

/** The row by which a diverged run has left for good what `inside` tells of, or has stopped within. */
function leavingRow(run, inside) {
  let row = run.final;
  while (row > 0 && !inside(run.weights(0, row))) row--;
  return row === run.final ? run.stopped : row + 1;
}

/** Where a run that arrives at a row is last seen on a panel. */
function exitPoint(run, panel, row) {
  const [before, after] = [run.weights(0, row - 1), run.weights(0, row)].map((weights) => panel.place(weights));
  return panel.contains(after) ? after : edgePoint(panel, before, after);
}

/** Where the way from a point inside a panel to one outside crosses its edge, drawn in by the size of a mark. */
function edgePoint(panel, inside, outside) {
  const inset = 9;
  const shares = [panel.horizontal, panel.vertical].map((axis, index) => {
    const way = outside[index] - inside[index];
    const limit = way > 0 ? axis.end - inset : axis.offset + inset;
    return way === 0 ? 1 : Math.max(0, (limit - inside[index]) / way);
  });
  return between(inside, outside, Math.min(1, ...shares));
}
