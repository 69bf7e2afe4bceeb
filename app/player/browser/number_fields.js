// Fields of numbers take other dashes and decimal commas: a browser drops what it does not read in them, and would make 5
// of 0,5 and 1 of −1 without a word.

const DASHES = /[−‐‑‒–—―﹣－]/g;
const THOUSANDS = /^[-+]?[1-9]\d{0,2}(?:,\d{3})+$/;

/**
 * A number as the browser reads it; as it stands where its comma may part off thousands.
 * @param {string} text typed or pasted
 */
export function plainNumber(text) {
  const dashed = text.replace(DASHES, "-");
  return THOUSANDS.test(dashed.trim()) ? dashed : dashed.replace(",", ".");
}

/** @param {InputEvent} event */
function correct(event) {
  const field = event.composedPath()[0];
  if (!(field instanceof HTMLInputElement) || field.type !== "number") return;
  const text = event.data ?? event.dataTransfer?.getData("text/plain");
  if (!text || plainNumber(text) === text) return;
  event.preventDefault();
  document.execCommand("insertText", false, plainNumber(text)); // the way that a script can undo, and React hears of
}

/** Hear of what is typed and pasted on the whole page, until the function that comes back is called. */
export function readNumberFields() {
  document.addEventListener("beforeinput", correct, true);
  return () => document.removeEventListener("beforeinput", correct, true);
}
