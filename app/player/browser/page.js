// What concerns the whole page, whichever of the app's pages it shows.

import { partOf } from "./elements.js";
import { Glossary } from "./glossary.js";
import { keepOneEntryAPage } from "./history.js";
import { readNumberFields } from "./number_fields.js";
import { completePageLinks } from "./page_links.js";

/** @import {ComponentArguments, PageData} from "./types.d.ts" */

/** @type {WeakMap<HTMLElement, Glossary>} */
const mounted = new WeakMap();

/**
 * Streamlit calls this when the app is opened; what it returns, when this leaves the page.
 * @param {ComponentArguments<PageData>} component
 */
export default function mount({ data, parentElement }) {
  const root = partOf(parentElement, "span");
  keepOneEntryAPage();
  if (!mounted.has(root)) mounted.set(root, new Glossary(root));
  const ends = [readNumberFields(), completePageLinks(data.ofVisit)];
  return () => {
    for (const end of ends) end();
    mounted.get(root)?.remove();
    mounted.delete(root);
  };
}
