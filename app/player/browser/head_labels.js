// The names of a run's heads and the fractions α, placed where they overlap nothing.

import { label, spriteOf } from "./labels.js";
import { lookOf } from "./look.js";
import { fractionSymbolOf, symbolOf } from "./marks.js";
import { shortNumber } from "./numbers.js";
import { distance } from "./points.js";

/** @import {Align, Box, Head, Point, RunPicture, Spot} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */

const NAME_SIZE = 14; // px
const FRACTION_SIZE = 12;

const NAME_SPOTS = [
  [1, -1], // up to the right at first
  [-1, -1],
  [1, 1],
  [-1, 1],
];

/**
 * Write a text at the first of `spots`, [x, y, align], where it covers nothing in `taken`, else where it covers least.
 * @param {RunPicture} picture
 * @param {string} text
 * @param {Spot[]} spots
 * @param {string} color
 * @param {number} size
 */
function write({ context, panel, halo, font, taken }, text, spots, color, size) {
  const { width } = spriteOf(text, color, halo, font, size);
  const places = spots.map(([x, y, align]) => {
    const left = { left: x, center: x - width / 2, right: x - width }[align];
    const box = [left, y - 0.65 * size, left + width, y + 0.65 * size];
    return { x, y, align, box, covered: sum(taken.map((other) => common(box, other))) + outside(panel, box) };
  });
  const least = Math.min(...places.map(({ covered }) => covered));
  const { x, y, align, box } = places.find(({ covered }) => covered === least);
  taken.push(box);
  label(context, text, [x, y], color, halo, font, size, align);
}

/**
 * The box that the head of a layer covers.
 * @param {RunPicture} picture
 * @param {number} layer
 * @param {Point} point
 * @returns {Box}
 */
export function headBox({ size }, layer, [x, y]) {
  const reach = 1.25 * size * lookOf(layer).radius;
  return [x - reach, y - reach, x + reach, y + reach];
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * Area that two boxes share; a box is [left, top, right, bottom].
 * @param {Box} one
 * @param {Box} other
 */
function common(one, other) {
  const side = (/** @type {number} */ low) => Math.min(one[low + 2], other[low + 2]) - Math.max(one[low], other[low]);
  return Math.max(0, side(0)) * Math.max(0, side(1));
}

/**
 * Area of a box outside of all panels.
 * @param {Panel} panel
 * @param {Box} box
 */
function outside({ horizontal, vertical }, box) {
  const frame = [horizontal.offset, vertical.offset, horizontal.end, vertical.end];
  return (box[2] - box[0]) * (box[3] - box[1]) - common(box, frame);
}

/**
 * "α₁ = .5" beside the landing point, at first below the line for odd layers and above it for even ones.
 * @param {RunPicture} picture
 * @param {number} layer
 * @param {number} alpha
 * @param {Point} start
 * @param {Point} end
 * @param {Point} landing
 */
export function nameFraction(picture, layer, alpha, start, end, landing) {
  const length = distance(start, end);
  let [nx, ny] = [(end[1] - start[1]) / length, (start[0] - end[0]) / length];
  if (ny < 0 === layer % 2 > 0) [nx, ny] = [-nx, -ny];
  const text = `${fractionSymbolOf(layer)} = ${shortNumber(alpha)}`;
  const spots = [1, -1, 1.8, -1.8].map((way) => {
    /** @type {Align} */
    const align = way * nx < -0.3 ? "right" : way * nx > 0.3 ? "left" : "center";
    return /** @type {Spot} */ ([landing[0] + 14 * way * nx, landing[1] + 17 * way * ny, align]);
  });
  write(picture, text, spots, picture.letters[layer], FRACTION_SIZE);
}

/**
 * Names beside the heads; heads that share a place share a label.
 * @param {RunPicture} picture
 * @param {Head[]} heads
 */
export function drawNames(picture, heads) {
  /** @type {{point: Point, layers: number[]}[]} */
  const groups = [];
  for (const { layer, point } of [...heads].reverse()) {
    if (layer === "averaged") continue;
    const neighbour = groups.find((group) => distance(group.point, point) < 15);
    if (neighbour) neighbour.layers.push(layer);
    else groups.push({ point, layers: [layer] });
  }
  for (const { point, layers } of groups) picture.taken.push(headBox(picture, Math.max(...layers), point));
  for (const { point, layers } of groups) {
    const outer = Math.max(...layers);
    const [aside, above] = [9 + 2 * outer, 10 + 1.6 * outer];
    const spots = NAME_SPOTS.map(([across, down]) => {
      const align = across > 0 ? "left" : "right";
      return /** @type {Spot} */ ([point[0] + across * aside, point[1] + down * above, align]);
    });
    write(picture, layers.map(symbolOf).join(" "), spots, picture.letters[outer], NAME_SIZE);
  }
}
