// Elements of the page.

export const HEADER = 60; // px of Streamlit's own bar, which lies over the page

/**
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function partOf(root, selector) {
  return root.querySelector(selector);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {import("./types.d.ts").Context}
 */
export function contextOf(canvas) {
  return canvas.getContext("2d");
}

/** Pixels of a canvas for one of the page, at most two: more are not visible. */
export function densityOf() {
  return Math.min(2, window.devicePixelRatio || 1);
}

/**
 * Text as HTML shows it.
 * @param {string} text
 */
export function escapeHtml(text) {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
