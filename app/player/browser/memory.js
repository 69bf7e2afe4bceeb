// The state of removed players, restored when they return: Streamlit makes a component anew when its page changes.

/** @import {PlayerView} from "./types.d.ts" */
/** @import {Playback} from "./playback.js" */
/** @import {Scene} from "./scene.js" */

const MEMORY_LIFETIME = 5000; // ms
/** @type {Map<string, {scene: string, at: number, playback: Partial<Playback>, selection: Partial<Scene>}>} */
const memories = new Map();

/**
 * Restore a player's state, if it was on the page a moment ago with the same scene; returns whether it was.
 * @param {PlayerView} view
 * @param {Playback} playback
 * @param {Scene} scene
 */
export function recall(view, playback, scene) {
  const memory = memories.get(view.key);
  const isRecent = memory && memory.scene === view.scene && performance.now() - memory.at <= MEMORY_LIFETIME;
  if (!isRecent) {
    memories.delete(view.key);
    return false;
  }
  Object.assign(playback, memory.playback);
  Object.assign(scene, memory.selection);
  return true;
}

/**
 * @param {PlayerView} view
 * @param {Playback} playback
 * @param {Scene} scene
 */
export function remember(view, playback, scene) {
  const { position, playing, speed, loop, pausing } = playback;
  const { hidden, inspected } = scene;
  memories.set(view.key, {
    scene: view.scene,
    at: performance.now(),
    playback: { position, playing, speed, loop, pausing },
    selection: { hidden, inspected },
  });
}
