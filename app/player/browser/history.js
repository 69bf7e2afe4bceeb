// One entry of the browser's history for each page that was visited, with its settings as they were last.
//
// Streamlit adds an entry when a page is turned to, one more when that page writes its settings into the address, and one
// for every change of a control. Going back among those would change the address and nothing that is seen: the way back
// through settings is Undo.

/**
 * Where the address changes behind its path alone, the entry that is there changes. A page that is turned to writes its
 * settings first and then its path: what it wrote goes with it, and the entry left behind is as it was.
 * @param {History} history
 */
function keepOneEntry(history) {
  const add = history.pushState.bind(history);
  let before = "";
  history.pushState = (state, unused, url) => {
    const target = url ? new URL(url, location.href) : null;
    if (target && target.pathname === location.pathname) {
      before = location.href;
      history.replaceState(state, unused, url);
      return;
    }
    if (before && target?.search === location.search) history.replaceState(state, unused, before);
    before = "";
    add(state, unused, url);
  };
}

/** On the page's history, once. */
export function keepOneEntryAPage() {
  if (window.__lookaheadHistory) return;
  window.__lookaheadHistory = true;
  keepOneEntry(window.history);
}
