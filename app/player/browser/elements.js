// Parts of the page.

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

/** Pixels of a canvas for one of the page: no more than two, which is as sharp as anybody sees. */
export function densityOf() {
  return Math.min(2, window.devicePixelRatio || 1);
}

/**
 * Text as HTML shows it.
 * @param {string} text
 */
export function escaped(text) {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
