// Requests of a player to the script while a number or a start is dragged.

/** @import {StartMove, Turn} from "./types.d.ts" */

const LONGEST_REST = 150; // ms to wait for the script to come to rest
let waiting = 0;

/**
 * Send a request as soon as the script rests: Streamlit may drop requests while it runs.
 * @param {string} key of the player
 * @param {"grab" | "start"} what
 * @param {Turn | StartMove} turn
 * @param {number} [until] when it is asked all the same
 */
export function request(key, what, turn, until = performance.now() + LONGEST_REST) {
  cancelAnimationFrame(waiting);
  const waits = scriptRuns() && performance.now() < until;
  if (waits) waiting = requestAnimationFrame(() => request(key, what, turn, until));
  else window.__lookaheadFamilies?.[key]?.(what, turn);
}

/**
 * Report to the whole script what was let go, on its own: Streamlit sends what is reported within one task as one
 * message, which reruns a request's fragment alone, whatever else it holds.
 * @param {() => void} report
 */
export function reportAlone(report) {
  cancelAnimationFrame(waiting);
  setTimeout(report);
}

function scriptRuns() {
  return /** @type {HTMLElement} */ (document.querySelector(".stApp"))?.dataset.testScriptState === "running";
}
