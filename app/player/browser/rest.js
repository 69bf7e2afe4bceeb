// Asks for what a page draws later: an invisible component whose trigger reruns that part of the script alone.

import { reportAtRest } from "./requests.js";

/** @import {ComponentArguments} from "./types.d.ts" */

/**
 * Streamlit calls this whenever something is to be drawn later, each time with another number. By the time the script
 * rests the player has its tracks, and draws them in the frame in which this asks.
 * @param {ComponentArguments<number>} component
 */
export default function mount({ data, parentElement, setTriggerValue }) {
  reportAtRest(/** @type {HTMLElement} */ (parentElement), () => setTriggerValue("rest", data));
}
