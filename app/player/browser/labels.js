// Texts in a halo of the page's colour, legible on any background.

import { contextOf, densityOf } from "./elements.js";

/** @import {Align, Context, Point} from "./types.d.ts" */

/** @type {Map<string, {canvas: HTMLCanvasElement, width: number, height: number, density: number}>} */
const sprites = new Map();
const MOST_SPRITES = 200;

/**
 * Text with a halo. Drawing text is slow, so each label is drawn once and then copied.
 * @param {Context} context
 * @param {string} text
 * @param {Point} point
 * @param {string} color
 * @param {string} halo
 * @param {string} font
 * @param {number} [size]
 * @param {Align} [align]
 */
export function label(context, text, [x, y], color, halo, font, size = 13, align = "left") {
  const { canvas, width, height, density } = spriteOf(text, color, halo, font, size);
  const left = { left: x - 4, center: x - width / 2, right: x - width + 4 }[align];
  const snap = (/** @type {number} */ pixel) => Math.round(pixel * density) / density;
  context.drawImage(canvas, snap(left), snap(y - height / 2), width, height);
}

/**
 * @param {string} text
 * @param {string} color
 * @param {string} halo
 * @param {string} font
 * @param {number} size
 */
export function spriteOf(text, color, halo, font, size) {
  const key = [text, color, halo, font, size].join("|");
  if (sprites.size > MOST_SPRITES) sprites.clear();
  if (!sprites.has(key)) sprites.set(key, sprite(text, color, halo, font, size));
  return sprites.get(key);
}

/**
 * @param {string} text
 * @param {string} color
 * @param {string} halo
 * @param {string} font
 * @param {number} size
 */
function sprite(text, color, halo, font, size) {
  const density = densityOf();
  const canvas = document.createElement("canvas");
  const context = contextOf(canvas);
  const style = `600 ${size}px ${font}`;
  context.font = style;
  const [width, height] = [Math.ceil(context.measureText(text).width) + 8, Math.ceil(1.7 * size)];
  canvas.width = width * density;
  canvas.height = height * density;
  context.scale(density, density);
  Object.assign(context, { font: style, textBaseline: "middle", lineJoin: "round", lineWidth: 4 });
  Object.assign(context, { strokeStyle: halo, fillStyle: color });
  context.strokeText(text, 4, height / 2);
  context.fillText(text, 4, height / 2);
  return { canvas, width, height, density };
}
