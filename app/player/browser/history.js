// One entry of the browser's history for each page that was visited, with its settings as they were last.
//
// Streamlit adds an entry when a page is turned to, one more when that page writes its settings into the address, and one
// for every change of a control. Going back among those would change the address and nothing that is seen: the way back
// through settings is Undo.

/**
 * Where the address changes behind its path alone, the entry that is there changes.
 * @param {History} history
 */
function keepOneEntry(history) {
  const add = history.pushState.bind(history);
  history.pushState = (state, unused, url) => {
    const samePage = url && new URL(url, location.href).pathname === location.pathname;
    if (samePage) history.replaceState(state, unused, url);
    else add(state, unused, url);
  };
}

/** On the page's history, once. */
export function keepOneEntryAPage() {
  if (window.__lookaheadHistory) return;
  window.__lookaheadHistory = true;
  keepOneEntry(window.history);
}
