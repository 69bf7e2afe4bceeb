// Outer momentum: where a layer moves whose step is SGD's with momentum on s = φ − (the weights below), with
// b ← μ b + s, then φ ← φ − α b, or φ ← φ − α (s + μ b) by Nesterov's rule.

import { pointAt } from "./points.js";

/** @import {Layer, OuterStep, Point, Points} from "./types.d.ts" */
/** @import {Run} from "./run.js" */

/**
 * A layer's step and where it leads.
 * @param {Layer} layer
 * @param {Point} from
 * @param {Point} target
 * @param {Point} before b before it
 * @returns {OuterStep & {to: Point}}
 */
export function outerStep({ alpha, mu, nesterov }, from, target, before) {
  const each = (/** @type {(axis: number) => number} */ value) => /** @type {Point} */ ([value(0), value(1)]);
  const s = each((axis) => from[axis] - target[axis]);
  const b = each((axis) => mu * before[axis] + s[axis]);
  const to = each((axis) => from[axis] - alpha * (nesterov ? s[axis] + mu * b[axis] : b[axis]));
  return { mu, nesterov, s, before, b, to };
}

/**
 * The b of each layer after each row, going through all synchronisations.
 * @param {Run} run
 * @returns {Points[]}
 */
export function outerMomenta(run) {
  const momenta = run.layers.map(() => ({ x: new Float64Array(run.rows), y: new Float64Array(run.rows) }));
  for (let row = 1; row < run.rows; row++) {
    const due = run.synchronised[row];
    let target = pointAt(run.proposal, row);
    run.layers.forEach((layer, below) => {
      const points = momenta[below];
      let b = pointAt(points, row - 1);
      if (below < due) {
        const step = outerStep(layer, run.weights(below + 1, row - 1), target, b);
        target = step.to;
        b = run.resets && below + 1 < due ? [0, 0] : step.b;
      }
      [points.x[row], points.y[row]] = b;
    });
  }
  return momenta;
}
