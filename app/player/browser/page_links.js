// Links to the app's pages carry what this visit's link fixes and hides: a page that is opened in a new tab is another
// visit, which knows its address alone. (A plain click stays in this visit; Streamlit then does not look at the link.)

const LINKS = '[data-testid="stTopNavLink"], [data-testid="stTopNavDropdownLink"], [data-testid="stPageLink-NavLink"]';

/**
 * A link's address with those parameters of another one that hold for a visit.
 * @param {string} href
 * @param {string} from
 * @param {readonly string[]} names
 */
export function carrying(href, from, names) {
  const target = new URL(href);
  for (const [name, text] of new URL(from).searchParams) if (names.includes(name)) target.searchParams.set(name, text);
  return target.href;
}

/**
 * Complete each link when a pointer or the focus comes to it and when it is pressed, until the function that comes back
 * is called: Streamlit draws links whenever it likes, also beneath a pointer at rest, and a reader opens none without
 * coming to it.
 * @param {readonly string[]} names of the parameters that hold for a visit
 */
export function completePageLinks(names) {
  /** @param {Event} event */
  const complete = (event) => {
    const link = event.target instanceof Element ? event.target.closest(LINKS) : null;
    if (link instanceof HTMLAnchorElement) link.href = carrying(link.href, location.href, names);
  };
  const moments = ["pointerover", "pointerdown", "focusin"];
  for (const moment of moments) document.addEventListener(moment, complete, true);
  return () => {
    for (const moment of moments) document.removeEventListener(moment, complete, true);
  };
}
