// What concerns the whole page, whichever of the app's pages it shows.

import { keepOneEntryAPage } from "./history.js";
import { readNumberFields } from "./number_fields.js";
import { completePageLinks } from "./page_links.js";

/**
 * Streamlit calls this when the app is opened; what it returns, when this leaves the page.
 * @param {{ data: string[] }} component names of the parameters that hold for a visit
 */
export default function mount({ data }) {
  keepOneEntryAPage();
  const ends = [readNumberFields(), completePageLinks(data)];
  return () => {
    for (const end of ends) end();
  };
}
