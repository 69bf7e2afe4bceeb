// Marks at a place: the shapes of the layers, arrows and crosses.

import { extend, near } from "./paths.js";

/** @import {Context, Point, Shape} from "./types.d.ts" */

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

/** Corners of the shapes that have any, and how far out they lie, in radii. */
const POLYGONS = {
  diamond: { corners: 4, reach: 1.25, inner: 1 },
  triangle: { corners: 3, reach: 1.35, inner: 1 },
  star: { corners: 10, reach: 1.35, inner: 0.45 },
};

/** @param {number} layer */
export function symbolOf(layer) {
  return layer ? `φ${SUBSCRIPTS[layer]}` : "θ";
}

/** @param {number} layer */
export function fractionSymbolOf(layer) {
  return `α${SUBSCRIPTS[layer]}`;
}

/** @param {number} layer */
export function momentumSymbolOf(layer) {
  return `μ${SUBSCRIPTS[layer]}`;
}

/** @param {number} layer */
export function bufferSymbolOf(layer) {
  return `b${SUBSCRIPTS[layer]}`;
}

/**
 * The outline of a shape as the current path.
 * @param {Context} context
 * @param {Shape} shape
 * @param {Point} point
 * @param {number} radius
 */
export function outline(context, shape, [x, y], radius) {
  context.beginPath();
  if (shape === "circle") context.arc(x, y, radius, 0, 7);
  else if (shape === "square") context.rect(x - 0.88 * radius, y - 0.88 * radius, 1.76 * radius, 1.76 * radius);
  else polygon(context, POLYGONS[/** @type {keyof typeof POLYGONS} */ (shape)], x, y, radius);
}

/** @param {Context} context @param {{corners: number, reach: number, inner: number}} shape @param {number} x @param {number} y @param {number} radius */
function polygon(context, { corners, reach, inner }, x, y, radius) {
  for (let corner = 0; corner < corners; corner++) {
    const angle = (2 * Math.PI * corner) / corners - Math.PI / 2;
    const far = (corner % 2 ? inner : 1) * reach * radius;
    context.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
  }
  context.closePath();
}

/**
 * A filled shape in a halo.
 * @param {Context} context
 * @param {Shape} shape
 * @param {Point} point
 * @param {number} radius
 * @param {string} color
 * @param {string} halo
 */
export function head(context, shape, point, radius, color, halo) {
  outline(context, shape, point, radius);
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = halo;
  context.stroke();
  context.fillStyle = color;
  context.fill();
}

/**
 * An empty shape.
 * @param {Context} context
 * @param {Shape} shape
 * @param {Point} point
 * @param {number} radius
 * @param {string} color
 * @param {string} halo
 */
export function hollow(context, shape, point, radius, color, halo) {
  outline(context, shape, point, radius);
  context.fillStyle = halo;
  context.fill();
  context.lineWidth = 1.4;
  context.strokeStyle = color;
  context.stroke();
}

/**
 * @param {Context} context
 * @param {Point} from
 * @param {Point} to
 */
export function line(context, from, to) {
  context.beginPath();
  context.moveTo(near(from[0]), near(from[1]));
  extend(context, ...from, ...to);
  context.stroke();
}

/**
 * A line with a filled tip; shorter than its tip, it is not drawn.
 * @param {Context} context
 * @param {Point} from
 * @param {Point} to
 * @param {number} tip
 */
export function arrow(context, from, to, tip) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  if (length < tip) return;
  const [ux, uy] = [dx / length, dy / length];
  const [bx, by] = [to[0] - tip * ux, to[1] - tip * uy];
  line(context, from, [bx, by]);
  context.beginPath();
  context.moveTo(to[0], to[1]);
  context.lineTo(bx - 0.5 * tip * uy, by + 0.5 * tip * ux);
  context.lineTo(bx + 0.5 * tip * uy, by - 0.5 * tip * ux);
  context.closePath();
  context.fillStyle = context.strokeStyle;
  context.fill();
}

/**
 * @param {Context} context
 * @param {Point} point
 * @param {number} reach
 * @param {string} color
 * @param {string} halo
 */
export function cross(context, [x, y], reach, color, halo) {
  context.beginPath();
  context.moveTo(x - reach, y - reach);
  context.lineTo(x + reach, y + reach);
  context.moveTo(x + reach, y - reach);
  context.lineTo(x - reach, y + reach);
  context.lineCap = "round";
  context.lineWidth = 6;
  context.strokeStyle = halo;
  context.stroke();
  context.lineWidth = 2.6;
  context.strokeStyle = color;
  context.stroke();
  context.lineCap = "butt";
}
