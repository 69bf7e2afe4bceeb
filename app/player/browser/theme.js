// Colours of the page, and the inks of fast and slow weights from an optimizer's colour.

import { contextOf } from "./elements.js";
import { INKS } from "./look.js";

/** @import {Color, Theme} from "./types.d.ts" */
/** @import {Run} from "./run.js" */

const probe = contextOf(document.createElement("canvas"));

/**
 * Any CSS colour as [red, green, blue].
 * @param {string} color
 * @returns {Color}
 */
function rgb(color) {
  probe.fillStyle = "#000";
  probe.fillStyle = color;
  const cssColor = String(probe.fillStyle);
  if (cssColor[0] === "#") return [1, 3, 5].map((at) => parseInt(cssColor.slice(at, at + 2), 16));
  return cssColor
    .match(/[\d.]+/g)
    .slice(0, 3)
    .map(Number);
}

/**
 * @param {Color} from
 * @param {Color} to
 * @param {number} share
 * @returns {Color}
 */
export function mix(from, to, share) {
  return from.map((value, index) => Math.round(value + share * (to[index] - value)));
}

/**
 * @param {Color} color
 * @param {number} [alpha]
 */
export function ink(color, alpha = 1) {
  return `rgba(${color.join(",")},${alpha})`;
}

/**
 * @param {HTMLElement} root
 * @returns {Theme}
 */
export function readTheme(root) {
  const style = getComputedStyle(root);
  const [text, background] = [rgb(style.color), rgb(style.getPropertyValue("--lp-background").trim() || "#fff")];
  return { text, background, font: style.fontFamily, dark: background[0] + background[1] + background[2] < 384 };
}

/**
 * One colour per layer, 0 being θ: the further out, the stronger against the page.
 * @param {Run} run
 * @param {Theme} theme
 * @returns {Color[]}
 */
export function inksOf(run, theme) {
  const fast = mix(rgb(run.color), theme.text, theme.dark ? INKS.dark : 0);
  const share = (/** @type {number} */ below) => Math.min(INKS.most, INKS.first + INKS.further * below);
  return [fast, ...run.layers.map((_, below) => mix(fast, theme.text, share(below)))];
}

/**
 * An ink with enough contrast for letters.
 * @param {Color} color
 * @param {Theme} theme
 */
export function lettering(color, theme) {
  return ink(mix(color, theme.text, theme.dark ? 0.45 : 0.22));
}
