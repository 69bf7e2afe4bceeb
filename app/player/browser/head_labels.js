// The names of a run's heads and the fractions α, placed where they overlap nothing.

import { label, spriteOf } from "./labels.js";
import { lookOf } from "./look.js";
import { fractionSymbolOf, momentumSymbolOf, symbolOf } from "./marks.js";
import { shortNumber } from "./numbers.js";
import { distance } from "./points.js";

/** @import {Align, Box, Head, Point, RunPicture, Spot} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */

const NAME_SIZE = 14; // px
const WORDS_SIZE = 13;
const ROOMY = 420; // px of panel
const FRACTION_SIZE = 12;

const NAME_SPOTS = [
  [1, -1], // up to the right at first
  [-1, -1],
  [1, 1],
  [-1, 1],
];

/**
 * Write lines at the first of `spots`, [x, y, align], where they cover nothing in `boxes`, else where they cover least.
 * A spot is the middle of the first line, or of the last where they go up from it.
 * @param {RunPicture} picture
 * @param {string[]} lines
 * @param {(Spot | [...Spot, boolean])[]} spots
 * @param {string} color
 * @param {number} size
 */
function write({ context, panel, halo, font, boxes }, lines, spots, color, size) {
  const width = Math.max(...lines.map((text) => spriteOf(text, color, halo, font, size).width));
  const further = 1.3 * size * (lines.length - 1);
  const places = spots.map(([x, spot, align, upwards]) => {
    const y = upwards ? spot - further : spot;
    const left = { left: x, center: x - width / 2, right: x - width }[align];
    const box = [left, y - 0.65 * size, left + width, y + further + 0.65 * size];
    return { x, y, align, box, overlap: sum(boxes.map((other) => common(box, other))) + outside(panel, box) };
  });
  const least = Math.min(...places.map(({ overlap }) => overlap));
  const { x, y, align, box } = places.find(({ overlap }) => overlap === least);
  boxes.push(box);
  for (const [row, text] of lines.entries()) {
    label(context, text, [x, y + 1.3 * size * row], color, halo, font, size, align);
  }
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
 * "α₁ = .5", and "μ₁ = .9" with outer momentum, beside the landing point, at first below the line for odd layers and above it for even ones.
 * @param {RunPicture} picture
 * @param {number} layer
 * @param {{alpha: number, outer?: {mu: number}}} step
 * @param {Point} start
 * @param {Point} end
 * @param {Point} landing
 */
export function nameFraction(picture, layer, { alpha, outer }, start, end, landing) {
  const length = distance(start, end);
  let [nx, ny] = [(end[1] - start[1]) / length, (start[0] - end[0]) / length];
  if (ny < 0 === layer % 2 > 0) [nx, ny] = [-nx, -ny];
  const momentum = outer ? `, ${momentumSymbolOf(layer)} = ${shortNumber(outer.mu)}` : "";
  const text = `${fractionSymbolOf(layer)} = ${shortNumber(alpha)}${momentum}`;
  const spots = [1, -1, 1.8, -1.8].map((way) => {
    /** @type {Align} */
    const align = way * nx < -0.3 ? "right" : way * nx > 0.3 ? "left" : "center";
    return /** @type {Spot} */ ([landing[0] + 14 * way * nx, landing[1] + 17 * way * ny, align]);
  });
  write(picture, [text], spots, picture.letters[layer], FRACTION_SIZE * picture.enlarged);
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
  for (const { point, layers } of groups) picture.boxes.push(headBox(picture, Math.max(...layers), point));
  for (const { point, layers } of groups) {
    const outer = Math.max(...layers);
    const [aside, above] = [9 + 2 * outer, 10 + 1.6 * outer];
    const spots = NAME_SPOTS.map(([across, down]) => {
      const align = across > 0 ? "left" : "right";
      return /** @type {[...Spot, boolean]} */ ([point[0] + across * aside, point[1] + down * above, align, down < 0]);
    });
    const lines = picture.words
      ? layers.map((layer) => nameOf(layer, picture.panel))
      : [layers.map(symbolOf).join(" ")];
    write(picture, lines, spots, picture.letters[outer], (picture.words ? WORDS_SIZE : NAME_SIZE) * picture.enlarged);
  }
}

/**
 * What a head is, in as many words as there is room for.
 * @param {number} layer
 * @param {Panel} panel
 */
function nameOf(layer, panel) {
  const which = panel.horizontal.length < ROOMY ? "" : ` (layer ${layer})`;
  return layer ? `slow weights ${symbolOf(layer)}${which}` : `fast weights ${symbolOf(0)}`;
}
