// Asks for what a page draws later: an invisible component whose trigger reruns that part of the script alone.

import { reportAtRest } from "./requests.js";

const AGAIN = 2000; // ms after which a request counts as lost

/** @import {ComponentArguments} from "./types.d.ts" */

/** @type {WeakMap<HTMLElement, number>} */
const newest = new WeakMap();

/**
 * Streamlit calls this whenever something is to be drawn later, each time with another number. By the time the script
 * rests the player has its tracks, and draws them in the frame in which this asks.
 * @param {ComponentArguments<number>} component
 */
export default function mount({ data, parentElement, setTriggerValue }) {
  const root = /** @type {HTMLElement} */ (parentElement);
  const ask = () => {
    if (newest.get(root) !== data) return;
    reportAtRest(root, () => setTriggerValue("rest", data));
    if (root.isConnected) setTimeout(ask, AGAIN);
  };
  newest.set(root, data);
  ask();
}
