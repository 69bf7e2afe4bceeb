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
  const waits = window.__lookaheadReports || (scriptState() !== "notRunning" && performance.now() < until);
  if (waits) waiting = requestAnimationFrame(() => request(key, what, turn, until));
  else send(() => window.__lookaheadFamilies?.[key]?.(what, turn));
}

/**
 * Report to the whole script what was let go, instead of a request that waits.
 * @param {() => void} report
 */
export function reportAlone(report) {
  cancelAnimationFrame(waiting);
  setTimeout(() => (window.__lookaheadReports ? reportAlone(report) : send(report)));
}

/**
 * Report once the script rests and nothing was asked of it: what comes in between, such as another page, would be lost.
 * @param {HTMLElement} root without which there is nothing to report
 * @param {() => void} report
 */
export function reportAtRest(root, report) {
  requestAnimationFrame(() => {
    if (!root.isConnected) return;
    if (scriptState() === "notRunning" && !window.__lookaheadReports) send(report);
    else reportAtRest(root, report);
  });
}

/**
 * Report on its own: Streamlit sends what is reported until its timer goes off as one message, which reruns one fragment
 * alone, whatever else it holds. The flag is the page's, as each component has its own copy of this module.
 * @param {() => void} report
 */
function send(report) {
  window.__lookaheadReports = true;
  report();
  setTimeout(() => {
    window.__lookaheadReports = false; // after Streamlit's timer, which was set before
  });
}

function scriptState() {
  return /** @type {HTMLElement} */ (document.querySelector(".stApp"))?.dataset.testScriptState;
}
