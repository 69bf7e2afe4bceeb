// Fetches families for the players on the page: an invisible component with a trigger that reruns only the part of
// the script that computes a family.

/** @import {ComponentArguments, StartMove, Turn} from "./types.d.ts" */

/**
 * Streamlit calls this on its first run and with each answer: the key of a player, its length first, and a family.
 * @param {ComponentArguments<Uint8Array>} component
 */
export default function mount({ data, setTriggerValue }) {
  const end = 4 + new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const key = new TextDecoder().decode(data.subarray(4, end));
  window.__lookaheadFamilies ??= {};
  window.__lookaheadFamilies[key] = (/** @type {string} */ what, /** @type {Turn | StartMove} */ turn) =>
    setTriggerValue(what, turn);
  if (data.length > end) window.__lookaheadPlayers?.[key]?.family(data.slice(end));
  return () => {
    delete window.__lookaheadFamilies[key];
  };
}
