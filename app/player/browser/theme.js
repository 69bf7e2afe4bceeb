// Colours of the page, and the inks of fast and slow weights from an optimizer's colour.

import { contextOf } from "./elements.js";
import { INKS, PROJECTOR } from "./look.js";

/** @import {Color, Theme} from "./types.d.ts" */
/** @import {Run} from "./run.js" */

const LEGIBLE = 5.4; // contrast with the page, so that it is 4.5 on a wash of the ink, too

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
  const presented = root.classList.contains("lp-presented");
  const dark = background[0] + background[1] + background[2] < 384;
  return { text, background, font: style.fontFamily, dark, presented };
}

/**
 * One colour per layer, 0 being θ: the further out, the stronger against the page.
 * @param {Run} run
 * @param {Theme} theme
 * @returns {Color[]}
 */
export function inksOf(run, theme) {
  const fast = mix(rgb(run.color), theme.text, theme.presented ? PROJECTOR.ink : theme.dark ? INKS.dark : 0);
  const share = (/** @type {number} */ below) => Math.min(INKS.most, INKS.first + INKS.further * below);
  return [fast, ...run.layers.map((_, below) => mix(fast, theme.text, share(below)))];
}

/**
 * Relative luminance, as WCAG defines it.
 * @param {Color} color
 */
function luminance(color) {
  const linear = color.map((value) => (value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

/**
 * @param {Color} one
 * @param {Color} other
 */
export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/**
 * An ink with enough contrast for letters on the page and on a faint wash of the ink itself.
 * @param {Color} color
 * @param {Theme} theme
 */
export function lettering(color, theme) {
  let share = theme.dark ? 0.45 : 0.22;
  while (share < 1 && contrast(mix(color, theme.text, share), theme.background) < LEGIBLE) share += 0.06;
  return ink(mix(color, theme.text, Math.min(1, share)));
}
