// The colours, dashes and shapes of look.json, which other painters read through app/player/look.py.

import look from "./look.json" with { type: "json" };

export const AVERAGE = look.average;
export const FLOW = look.flow;
export const GHOST = look.ghost;
export const INKS = look.inks;
export const MINIMUM = look.minimum;
export const PROJECTOR = look.projector;
export const SLATE = look.slate;

/**
 * Line and head of a layer, 0 being θ; layers further out than the last one listed look like it.
 * @param {number} layer
 */
export function lookOf(layer) {
  return look.layers[Math.min(layer, look.layers.length - 1)];
}
