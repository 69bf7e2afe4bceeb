// The rows of playback: those of the longest run, with the synchronisations at each.

/** @import {Run} from "./run.js" */
/** @import {Scene} from "./scene.js" */

/**
 * `steps`: the base step of each row. `synchronising`: how many layers synchronise there in some run that is shown.
 * `stops`: the rows to pause at and to jump to, which are the inspected run's and, when it has ended, the others'.
 * @param {Run[]} runs
 * @param {Scene} scene
 */
export function timelineOf(runs, scene) {
  const { inspected } = scene;
  const longest = runs.reduce((longer, run) => (run.rows > longer.rows ? run : longer), inspected);
  const visible = runs.filter((run) => run.explains && scene.anyShown(run));
  const synchronising = new Uint8Array(longest?.rows ?? 1);
  for (const run of visible) {
    for (const [row, count] of run.synchronised.entries()) synchronising[row] = Math.max(count, synchronising[row]);
  }
  const stops = synchronising.slice();
  if (visible.includes(inspected)) stops.set(inspected.synchronised.subarray(0, inspected.final + 1));
  /** @type {ArrayLike<number>} */
  const steps = longest?.step ?? [0];
  return { steps, synchronising, stops };
}
