// Optimizers are named after their numbers: what is switched off and inspected is kept under a new name.

/** @import {PlayerView} from "./types.d.ts" */
/** @import {Scene} from "./scene.js" */

/**
 * @param {Scene} scene
 * @param {PlayerView} before
 * @param {PlayerView} after
 */
export function rename(scene, before, after) {
  const names = new Map();
  for (const { name, card } of before.dials ?? []) {
    names.set(name, after.dials?.find((each) => each.card === card)?.name ?? name);
  }
  scene.hidden = new Set([...scene.hidden].map((each) => newName(each, names)));
  if (scene.inspected) scene.inspected.name = newName(scene.inspected.name, names);
}

/**
 * @param {string} text a name, or "name/layer"
 * @param {Map<string, string>} names
 */
function newName(text, names) {
  const layer = text.match(/\/[^/]*$/)?.[0] ?? "";
  const name = text.slice(0, text.length - layer.length);
  return names.get(text) ?? (names.has(name) ? names.get(name) + layer : text);
}
