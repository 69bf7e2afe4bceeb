// The moving part of a run, drawn alike on the surface and in the close-up: the path since the last synchronisation, the
// pull of θ on φ with the fraction α marked on it, the update while it happens, and the heads.

const TAIL_ROWS = 48;
const TAIL_PARTS = 6;

/** All of it. `detail`: also the pull lines, the steps as dots, and the names of the heads. Returns the heads drawn. */
function drawRun(context, panel, scene, run, moment, { detail = false, explained = true, size = 1 } = {}) {
  const view = { context, panel, run, moment, size, inks: scene.inks(run), halo: ink(scene.theme.background, 0.9) };
  view.taken = []; // boxes of what is written
  view.font = scene.theme.font;
  view.letters = view.inks.map((color) => lettering(color, scene.theme));
  view.shown = (layer) => scene.shown(run, layer);
  const told = explanationOf(run, moment);
  view.fresh = told?.fade === 1;
  drawWays(view);
  drawPath(view, told, detail);
  if (detail) drawPull(view, told);
  if (told && explained) drawUpdates(view, told, detail);
  const heads = drawHeads(view);
  if (detail) drawNames(view, heads);
  return heads;
}

/** The ways of the inner layers since the layer around them last synchronised. */
function drawWays({ context, panel, run, moment, inks, size, shown }) {
  if (!run.explains) return;
  const now = run.clamp(moment.row);
  for (let layer = run.depth - 1; layer > 0; layer--) {
    if (!shown(layer)) continue;
    context.beginPath();
    traceLayer(context, panel, run, layer, run.last[layer][now], now);
    context.setLineDash(styleOf(DASHES, layer));
    context.lineWidth = styleOf(LINE_WIDTHS, layer) * size;
    context.strokeStyle = ink(inks[layer], 0.9);
    context.stroke();
  }
  context.setLineDash([]);
}

function drawPath(view, told, detail) {
  if (!view.shown(0)) return;
  const { context, panel, run, moment, inks, size } = view;
  context.lineJoin = "round";
  context.lineWidth = LINE_WIDTHS[0] * size;
  if (!run.explains) return drawTail(view);
  if (told && told.progress === 1) drawGhost(view, told);
  const restarting = told && told.progress < 1 ? told.stages.restart : 0;
  context.strokeStyle = ink(inks[0], 0.95 - 0.6 * restarting);
  context.beginPath();
  const start = run.last[0][run.clamp(moment.row)];
  trace(context, panel, run.fast, start, run.clamp(moment.row));
  const end = told && told.progress < 1 ? told.updates[0].target : placeOf(run, 0, moment);
  extend(context, ...panel.place(run.weights(0, moment.row)), ...panel.place(end));
  context.stroke();
  if (detail) drawSteps(view, start);
}

function drawGhost({ context, panel, run, inks }, told) {
  context.beginPath();
  traceBlock(context, panel, run, told.row);
  context.strokeStyle = ink(inks[0], 0.45 * told.fade);
  context.stroke();
}

function drawSteps({ context, panel, run, moment, inks, size }, start) {
  context.fillStyle = ink(inks[0]);
  for (let row = start; row <= run.clamp(moment.row); row++) {
    const [x, y] = panel.place(run.weights(0, row));
    context.beginPath();
    context.arc(x, y, 2.3 * size, 0, 7);
    context.fill();
  }
}

/** The last rows of a run without slow weights, the brighter the newer. */
function drawTail({ context, panel, run, moment, inks, size }) {
  const now = run.clamp(moment.row);
  for (let part = 1; part <= TAIL_PARTS; part++) {
    const from = Math.max(0, now - Math.round((TAIL_ROWS * (TAIL_PARTS - part + 1)) / TAIL_PARTS));
    const to = Math.max(0, now - Math.round((TAIL_ROWS * (TAIL_PARTS - part)) / TAIL_PARTS));
    if (from === to && part < TAIL_PARTS) continue;
    context.beginPath();
    trace(context, panel, run.fast, from, to);
    if (part === TAIL_PARTS) {
      extend(context, ...panel.place(run.weights(0, now)), ...panel.place(placeOf(run, 0, moment)));
    }
    context.lineWidth = LINE_WIDTHS[0] * size * (0.9 + (0.7 * part) / TAIL_PARTS);
    context.strokeStyle = ink(inks[0], part / TAIL_PARTS);
    context.stroke();
  }
}

/** Between synchronisations: from each φ towards what pulls it, and where it would land if it synchronised now. */
function drawPull(view, told) {
  const { context, panel, run, moment, inks, halo, size } = view;
  if (!run.explains) return;
  const busy = told && told.progress < 1 ? told.updates.length : 0;
  for (let layer = run.depth; layer > busy; layer--) {
    if (!view.shown(layer)) continue;
    const [slow, pulling] = [placeOf(run, layer, moment), placeOf(run, layer - 1, moment)];
    const [from, to] = [panel.place(slow), panel.place(pulling)];
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) < 14) continue;
    context.setLineDash([2, 4]);
    context.lineWidth = 1.4 * size;
    context.strokeStyle = ink(inks[layer], 0.75);
    line(context, from, to);
    context.setLineDash([]);
    hollow(context, layer, between(from, to, run.layers[layer - 1].alpha), 3.2 * size, ink(inks[layer], 0.9), halo);
  }
}

function drawUpdates(view, told, detail) {
  const { context } = view;
  context.save();
  context.globalAlpha = told.fade;
  const { updates, stages } = told;
  view.taken.push(headBox(view, updates.length, view.panel.place(updates[updates.length - 1].to)));
  updates.forEach((update, index) => {
    if (view.shown(update.layer)) drawUpdate(view, update, stages.layers[index], detail);
  });
  drawRestarts(view, updates, stages.restart);
  context.restore();
}

function drawUpdate(view, { layer, alpha, from, target, to }, { line: grown, travel }, detail) {
  if (grown === 0) return;
  const { context, panel, inks, halo, size } = view;
  const [start, end, landing] = [from, target, to].map((weights) => panel.place(weights));
  const length = Math.hypot(end[0] - start[0], end[1] - start[1]);
  if (length < 5) return;
  context.strokeStyle = context.fillStyle = ink(inks[layer]);
  context.setLineDash([4, 3]);
  context.lineWidth = 1.6 * size;
  line(context, start, between(start, end, grown));
  context.setLineDash([]);
  hollow(context, layer, start, 3.6 * size, ink(inks[layer]), halo);
  if (grown >= alpha && alpha > 0) hollow(context, layer, landing, 3.6 * size, ink(inks[layer]), halo);
  context.strokeStyle = ink(inks[layer]);
  context.lineWidth = 2.8 * size;
  arrow(context, start, between(start, landing, travel), 9 * size);
  if (detail && length > 36 && view.fresh && grown >= alpha) nameFraction(view, layer, alpha, start, end, landing);
}

/** Everything inside the outermost layer that moved jumps to it. */
function drawRestarts({ context, panel, inks, halo, size, shown }, updates, restart) {
  const end = panel.place(updates[updates.length - 1].to);
  const origins = updates.map(({ target }, below) => [below, panel.place(target)]);
  for (const [layer, origin] of origins) {
    if (!shown(layer) || Math.hypot(end[0] - origin[0], end[1] - origin[1]) < 6) continue;
    hollow(context, layer, origin, 3 * size, ink(inks[layer], 0.8), halo);
    if (restart === 0) continue;
    context.setLineDash([1.5, 3.5]);
    context.lineWidth = 1.4 * size;
    context.strokeStyle = ink(inks[layer], 0.9);
    arrow(context, origin, between(origin, end, restart), 6 * size);
    context.setLineDash([]);
  }
}

/** Heads, the outermost first, so that what sits at one place shows as shapes within each other. */
function drawHeads(view) {
  const { context, panel, run, moment, inks, halo, size } = view;
  const heads = [];
  for (let layer = run.depth; layer >= 0; layer--) {
    if (!view.shown(layer)) continue;
    const weights = placeOf(run, layer, moment);
    const point = panel.place(weights);
    head(context, layer, point.map(near), styleOf(HEAD_RADII, layer) * size, ink(inks[layer]), halo);
    heads.push({ run, layer, weights, point });
  }
  if (run.averaged && view.shown("averaged")) {
    const weights = pointAt(run.averaged, run.clamp(moment.row));
    const point = panel.place(weights);
    hollow(context, 0, point.map(near), 5 * size, ink(inks[0]), halo);
    heads.push({ run, layer: "averaged", weights, point });
  }
  return heads;
}
