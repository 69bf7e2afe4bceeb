// The entry point that Streamlit calls.

import { partOf } from "./elements.js";
import { Player } from "./player.js";
import { SidebarSliders } from "./sidebar_sliders.js";

/** @import {ComponentArguments} from "./types.d.ts" */

/** @type {WeakMap<HTMLElement, Player>} */
const players = new WeakMap();

/**
 * Streamlit adds the style sheet as a link, and a player reads its colours and sizes from it.
 * @param {ParentNode} parent
 */
async function addStyleSheet(parent) {
  const link = parent.querySelector("link");
  if (!link || link.sheet) return;
  await new Promise((done) => {
    for (const event of ["load", "error"]) link.addEventListener(event, done, { once: true });
  });
}

/**
 * Streamlit calls this when the data or the theme changed, and what it returns when the component leaves the page.
 * @param {ComponentArguments<Uint8Array>} component
 */
export default async function mount({ data, parentElement, setTriggerValue }) {
  const root = partOf(parentElement, ".lookahead-player");
  await addStyleSheet(parentElement);
  const player = players.get(root) ?? new Player(root);
  if (!players.has(root)) {
    players.set(root, player);
    player.sliders = new SidebarSliders(player);
  }
  player.receive(data, {
    pick: (pick) => setTriggerValue("pick", pick),
    release: (turn) => setTriggerValue("release", turn),
    start: (move) => setTriggerValue("start", move),
    drawn: () => setTriggerValue("drawn", true),
  });
  return () => {
    player.remove();
    players.delete(root);
  };
}
