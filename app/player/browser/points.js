// Points, alone and by column.

/** @import {Point, Points} from "./types.d.ts" */

/**
 * @param {Points} points
 * @param {number} row
 * @returns {Point}
 */
export function pointAt(points, row) {
  return [points.x[row], points.y[row]];
}

/**
 * The point some share of the way from one to another.
 * @param {Point} from
 * @param {Point} to
 * @param {number} share
 * @returns {Point}
 */
export function between(from, to, share) {
  return [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
}

/**
 * @param {Point} one
 * @param {Point} other
 */
export function distance(one, other) {
  return Math.hypot(other[0] - one[0], other[1] - one[1]);
}
