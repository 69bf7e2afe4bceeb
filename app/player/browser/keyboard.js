// Keys: space, arrows, Home, End, f; with Shift the arrows go from one synchronisation to the next. They count when the
// focus is in the player or nowhere; a field, a button or a slider elsewhere keeps its own keys.

/** @import {Commands} from "./types.d.ts" */

/** @type {?HTMLElement} of the players on the page, the one used last */
let inCharge = null;

/** @type {Record<string, (commands: Commands, shift: boolean) => void>} */
const KEYS = {
  " ": (commands) => commands.play(),
  ArrowRight: (commands, shift) => (shift ? commands.next() : commands.forward()),
  ArrowLeft: (commands, shift) => (shift ? commands.previous() : commands.backward()),
  Home: (commands) => commands.seek(0),
  End: (commands) => commands.seek(Infinity),
  f: (commands) => commands.fullscreen(),
};

/**
 * Whether the element with the focus wants a key for itself.
 * @param {Element} element
 * @param {string} key
 * @param {HTMLElement} root
 */
function keepsKey(element, key, root) {
  if (!element || element === document.body || element === document.documentElement) return false;
  if (!root.contains(element)) return !element.matches(".stMain, .stAppViewContainer, .js-plotly-plot, .stApp");
  if (element.matches("select")) return true;
  return key === " " && element.matches("button");
}

/**
 * @param {HTMLElement} root
 * @param {Commands} commands
 */
export function watchKeys(root, commands) {
  const listeners = new AbortController();
  const { signal } = listeners;
  const claim = () => {
    inCharge = root;
  };
  inCharge ??= root;
  root.addEventListener("pointerdown", claim, { signal });
  root.addEventListener("focusin", claim, { signal });
  document.addEventListener(
    "keydown",
    (event) => {
      const act = KEYS[event.key];
      const focus = /** @type {Element} */ (event.composedPath()[0]);
      if (!act || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (!root.contains(focus) && inCharge !== root) return;
      if (keepsKey(focus, event.key, root)) return;
      event.preventDefault();
      act(commands, event.shiftKey);
    },
    { signal },
  );
  return {
    claim,
    release() {
      listeners.abort();
      if (inCharge === root) inCharge = null;
    },
  };
}
