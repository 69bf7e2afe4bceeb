// A surface as a grid of values {x, y, z: rows of numbers}: its value anywhere, its contour lines and its picture.

import { contextOf } from "./elements.js";
import { mix } from "./theme.js";
import { unbase64 } from "./unpack.js";

/** @import {Box, Color, Context, Heights, PackedHeights} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */

/**
 * @param {PackedHeights} packed
 * @param {Box} extent
 * @returns {Heights}
 */
export function unpackHeights({ columns, rows, values }, [left, right, bottom, top]) {
  const numbers = new Uint16Array(unbase64(values).buffer);
  const z = Array.from({ length: rows }, (_, row) => Array.from(numbers.subarray(row * columns, (row + 1) * columns)));
  return { x: spread([left, right], columns), y: spread([bottom, top], rows), z };
}

/**
 * @param {ArrayLike<number>} places
 * @param {number} value
 * @returns {[number, number]}
 */
function locate(places, value) {
  let [low, high] = [0, places.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (places[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return [low, (value - places[low]) / (places[low + 1] - places[low])];
}

/**
 * Bilinear height at a place; NaN outside its grid.
 * @param {Heights} heights
 * @param {number} atX
 * @param {number} atY
 */
export function sample({ x, y, z }, atX, atY) {
  const [column, right] = locate(x, atX);
  const [row, up] = locate(y, atY);
  if (right < 0 || right > 1 || up < 0 || up > 1) return NaN;
  const [lower, upper] = [z[row], z[row + 1]];
  const below = lower[column] + right * (lower[column + 1] - lower[column]);
  return below + up * (upper[column] + right * (upper[column + 1] - upper[column]) - below);
}

/**
 * Numbers evenly spaced over a range.
 * @param {number[]} range
 * @param {number} count
 */
export function spread([low, high], count) {
  return Array.from({ length: count }, (_, index) => low + (index * (high - low)) / (count - 1));
}

/**
 * The part inside a panel, sampled on a regular grid.
 * @param {Heights} heights
 * @param {Panel} panel
 * @param {number} columns
 * @param {number} rows
 * @returns {Heights}
 */
export function resample(heights, panel, columns, rows) {
  const x = spread(panel.horizontal.range, columns);
  const y = spread(panel.vertical.range, rows);
  return { x, y, z: y.map((atY) => x.map((atX) => sample(heights, atX, atY))) };
}

/**
 * @param {{z: number[][]}} heights
 * @returns {[number, number]}
 */
export function rangeOf({ z }) {
  let [low, high] = [Infinity, -Infinity];
  for (const row of z) {
    for (const value of row) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

/**
 * Contour lines at `count` evenly spaced levels (marching squares).
 * @param {Context} context
 * @param {Panel} panel
 * @param {Heights} heights
 * @param {number} count
 * @param {string} color
 */
export function drawContours(context, panel, { x, y, z }, count, color) {
  const [low, high] = rangeOf({ z });
  if (!(high > low)) return;
  const [across, up] = [x.map((value) => panel.x(value)), y.map((value) => panel.y(value))];
  const step = (high - low) / (count + 1);
  context.beginPath();
  for (let row = 0; row + 1 < y.length; row++) {
    for (let column = 0; column + 1 < x.length; column++) {
      const corners = [z[row][column], z[row][column + 1], z[row + 1][column + 1], z[row + 1][column]];
      const [least, most] = [Math.min(...corners), Math.max(...corners)];
      const sides = [across[column], up[row], across[column + 1], up[row + 1]];
      const last = Math.min(count, Math.floor((most - low) / step));
      for (let level = Math.max(1, Math.ceil((least - low) / step)); level <= last; level++) {
        crossCell(context, sides, corners, low + level * step);
      }
    }
  }
  context.lineWidth = 1;
  context.strokeStyle = color;
  context.stroke();
}

/**
 * Join the points at which the sides of one cell have the value `level`; corners run around the cell.
 * @param {Context} context
 * @param {Box} sides
 * @param {number[]} corners
 * @param {number} level
 */
function crossCell(context, [left, bottom, right, top], corners, level) {
  let crossings = 0;
  for (let side = 0; side < 4; side++) {
    const [from, to] = [corners[side] - level, corners[(side + 1) % 4] - level];
    if (from < 0 === to < 0) continue;
    const share = from / (from - to);
    const x = side % 2 ? (side === 1 ? right : left) : left + (side ? 1 - share : share) * (right - left);
    const y = side % 2 ? bottom + (side === 1 ? share : 1 - share) * (top - bottom) : side ? top : bottom;
    if (crossings++ % 2) context.lineTo(x, y);
    else context.moveTo(x, y);
  }
}

/**
 * A surface as a small image, from `lowColor` to `highColor`, one pixel for each value.
 * @param {Heights} heights
 * @param {Color} lowColor
 * @param {Color} highColor
 */
export function picture({ x, y, z }, lowColor, highColor) {
  const canvas = Object.assign(document.createElement("canvas"), { width: x.length, height: y.length });
  const context = contextOf(canvas);
  const image = context.createImageData(x.length, y.length);
  const [low, high] = rangeOf({ z });
  z.forEach((values, row) => {
    values.forEach((value, column) => {
      const color = mix(lowColor, highColor, (value - low) / (high - low || 1));
      image.data.set([...color, 255], 4 * ((y.length - 1 - row) * x.length + column));
    });
  });
  context.putImageData(image, 0, 0);
  return canvas;
}
