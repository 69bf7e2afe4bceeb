// Whether pictures are labelled in words: until somebody says that they know, which the browser remembers.

import { store, stored } from "./storage.js";

const KEY = "lookahead-words";
export const WORDS_CHANGED = "lookahead-words";

/** Whether a guide on the page has said; without one, symbols do. */
export function wordsKnown() {
  return window.__lookaheadWords !== undefined;
}

export function wordsShown() {
  return window.__lookaheadWords ?? false;
}

/** @param {boolean} on */
export function showWords(on) {
  window.__lookaheadWords = on;
  store(KEY, on ? "1" : "0");
  window.dispatchEvent(new Event(WORDS_CHANGED));
}

/**
 * What a guide does first.
 * @param {?string} preference "1" or "0" where the link says so
 */
export function beginWords(preference) {
  if (wordsKnown()) return;
  window.__lookaheadWords = (preference ?? stored(KEY)) !== "0";
  window.dispatchEvent(new Event(WORDS_CHANGED));
}
