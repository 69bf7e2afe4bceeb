// The six things to do on the tour: what each asks for, the control that it points at, and how it is known to be done.

import { placeOfKey } from "./plotly_chart.js";

/** @import {GuideData, TourStep} from "./types.d.ts" */

/**
 * Parts of the page's player, which lies in a shadow root of its own.
 * @param {GuideData} data
 * @param {string} selector
 * @returns {?HTMLElement}
 */
export function inPlayer({ player }, selector) {
  const place = placeOfKey(player);
  const host = place && [...place.querySelectorAll("*")].find((part) => part.shadowRoot);
  return host?.shadowRoot.querySelector(selector) ?? null;
}

/**
 * A control of the sidebar, or what opens the sidebar.
 * @param {string} key
 * @param {string} selector
 * @returns {?HTMLElement}
 */
function inSidebar(key, selector) {
  /** @type {?HTMLElement} */
  const expandButton = document.querySelector('[data-testid="stExpandSidebarButton"]');
  return expandButton ?? placeOfKey(key)?.querySelector(selector);
}

/** @param {GuideData} data */
export function hooksOfPlayer({ player }) {
  return window.__lookaheadPlayers?.[player];
}

/** @param {unknown} one @param {unknown} other */
function differ(one, other) {
  return JSON.stringify(one) !== JSON.stringify(other);
}

/** @type {TourStep[]} */
export const STEPS = [
  {
    text: "Press play. The dot takes its steps; then the square moves a part of the way to it, and the dot starts again from there.",
    target: (data) => inPlayer(data, ".lp-play"),
    begin: (data) => {
      hooksOfPlayer(data)?.pause();
      hooksOfPlayer(data)?.seek(0);
    },
    done: (data) => (hooksOfPlayer(data)?.row ?? 0) > 2 * Math.min(...data.ks.flat()),
  },
  {
    text: "Drag an α sideways, or press an arrow key on it: the share of the way that slow weights move. Let go to keep it.",
    target: (data) => inPlayer(data, '.lp-card [data-dial*=".alpha."]'),
    done: (data, before) => differ(data.alphas, before.alphas),
  },
  {
    text: "Press the name of another optimizer: the step inspector below does its arithmetic, number by number.",
    target: (data) => inPlayer(data, ".lp-card:not(.lp-inspected) .lp-name") ?? inPlayer(data, ".lp-name"),
    shows: (data) => inPlayer(data, ".lp-inspector"),
    presses: ".lp-name, .lp-clock",
    done: () => false,
  },
  {
    text: "Change a k, on its card here or in the sidebar: the number of steps between two moves of the slow weights.",
    target: (data) => inPlayer(data, '.lp-card [data-dial*=".k."]'),
    done: (data, before) => differ(data.ks, before.ks),
  },
  {
    text: "Give this optimizer a layer more, in the sidebar: slow weights that follow its slow weights.",
    target: (data) => inSidebar(data.depthKey, "button[aria-checked=true] + button"),
    around: (data) => placeOfKey(data.depthKey),
    done: (data, before) => data.depth > before.depth,
  },
  {
    text: "Pick a ready-made comparison at the top of the sidebar. The line under the page's title then says what to look at.",
    target: (data) => inSidebar(data.presetKey, "input"),
    around: (data) => placeOfKey(data.presetKey),
    done: (data, before) => Boolean(data.preset) && data.preset !== before.preset,
  },
];
