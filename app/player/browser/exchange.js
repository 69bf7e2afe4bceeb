// Exchanges runs for others of the same optimizers and starts, while a number or a start is dragged.

/** @import {Player} from "./player.js" */
/** @import {Run} from "./run.js" */

/**
 * @param {Player} player
 * @param {Run[]} runs
 */
export function exchange(player, runs) {
  const { scene } = player;
  const others = new Map(runs.map((run) => [run.id, run]));
  const other = (/** @type {Run} */ run) => others.get(run.id) ?? run;
  const timesDiffer = player.runs.some((run) => !sameTimes(run, other(run)));
  player.runs = player.runs.map(other);
  scene.exchange(player.runs);
  if (scene.inspected) scene.inspected = other(scene.inspected);
  player.legend.exchange(other);
  traceCharts(player);
  if (timesDiffer) player.setRows();
  if (others.has(scene.inspected?.id)) {
    player.inspector.exchange(scene.inspected);
    if (timesDiffer) player.transport.load(scene.inspected, player.steps, scene.inks(scene.inspected));
  }
  player.redraw();
}

/**
 * Draw the curves of dragged optimizers over the linked charts.
 * @param {Player} player
 */
function traceCharts({ scene, runs, linked }) {
  const names = [...scene.draggedNames].filter((name) => !scene.hidden.has(name));
  const curves = names.map((name) => {
    const ofName = runs.filter((run) => run.name === name);
    return { runs: ofName, inks: scene.inks(ofName[0]) };
  });
  for (const chart of linked) chart.trace(curves);
}

/**
 * Whether two runs synchronise and end at the same steps.
 * @param {Run} one
 * @param {Run} other
 */
function sameTimes(one, other) {
  const periods = (/** @type {Run} */ { layers }) => layers.map(({ period }) => period).join();
  return one.final === other.final && one.rows === other.rows && periods(one) === periods(other);
}
