// The pointer over a stage: where it is, and its clicks.

import { distance } from "./points.js";

/** @import {Point, Spotted, Stage} from "./types.d.ts" */

const CLICK_REACH = 4; // px between press and release; more is a drag
const TAP_REACH = 12; // px that a finger may slip
const DOUBLE_CLICK = 260; // ms to wait for a second click, which resets plotly's axes

/**
 * Call `onMove` and `onClick` for the pointer over the panels of a stage; returns a function that removes the listeners.
 * @param {Stage} stage
 * @param {(spot: ?Spotted) => void} onMove
 * @param {(spot: Spotted) => void} onClick
 */
export function watchPointer(stage, onMove, onClick) {
  const listeners = new AbortController();
  const { signal } = listeners;
  /** @type {?Spotted} */
  let press = null;
  let waiting = 0;
  const forget = () => {
    press = null;
  };
  const spot = (/** @type {PointerEvent} */ event) => {
    const box = stage.host.getBoundingClientRect();
    /** @type {Point} */
    const point = [event.clientX - box.left, event.clientY - box.top];
    const panel = stage.panels.findIndex((candidate) => candidate.contains(point));
    return { point, panel };
  };
  const onSurface = (/** @type {Event} */ event) =>
    !(/** @type {Element} */ (event.target).closest?.(".modebar, .legend, .infolayer"));
  /** @type {HTMLElement} */
  const host = stage.host;
  host.addEventListener("pointermove", (event) => onMove(spot(event)), { signal });
  host.addEventListener("pointerleave", () => onMove(null), { signal });
  host.addEventListener(
    "pointerdown",
    (event) => {
      press = event.button === 0 && onSurface(event) ? spot(event) : null;
    },
    { signal, capture: true },
  );
  window.addEventListener("pointercancel", forget, { signal }); // the page scrolls instead
  window.addEventListener(
    "pointerup",
    (event) => {
      const from = press;
      press = null;
      if (!from || from.panel < 0) return;
      if (distance(from.point, spot(event).point) > (event.pointerType === "touch" ? TAP_REACH : CLICK_REACH)) return;
      clearTimeout(waiting);
      const second = waiting;
      waiting = second
        ? 0
        : setTimeout(() => {
            waiting = 0;
            onClick(from);
          }, DOUBLE_CLICK);
    },
    { signal, capture: true },
  );
  return () => {
    clearTimeout(waiting);
    listeners.abort();
  };
}
