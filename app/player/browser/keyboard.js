// Keys: space, arrows, Home, End; with Shift the arrows go from one synchronisation to the next. They count when the
// focus is in the player or nowhere; a field, a button or a slider elsewhere keeps its own keys.

let inCharge = null; // of the players on the page, the one used last

const KEYS = {
  " ": (wishes) => wishes.play(),
  ArrowRight: (wishes, shift) => (shift ? wishes.next() : wishes.forward()),
  ArrowLeft: (wishes, shift) => (shift ? wishes.previous() : wishes.backward()),
  Home: (wishes) => wishes.seek(0),
  End: (wishes) => wishes.seek(Infinity),
};

/** Whether the element with the focus wants a key for itself. */
function keepsKey(element, key, root) {
  if (!element || element === document.body || element === document.documentElement) return false;
  if (!root.contains(element)) return !element.matches(".stMain, .stAppViewContainer, .js-plotly-plot, .stApp");
  if (element.matches("select")) return true;
  return key === " " && element.matches("button");
}

function watchKeys(root, wishes) {
  const listeners = new AbortController();
  const { signal } = listeners;
  const claim = () => (inCharge = root);
  inCharge ??= root;
  root.addEventListener("pointerdown", claim, { signal });
  root.addEventListener("focusin", claim, { signal });
  document.addEventListener(
    "keydown",
    (event) => {
      const act = KEYS[event.key];
      const focus = event.composedPath()[0];
      if (!act || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (!root.contains(focus) && inCharge !== root) return;
      if (keepsKey(focus, event.key, root)) return;
      event.preventDefault();
      act(wishes, event.shiftKey);
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
