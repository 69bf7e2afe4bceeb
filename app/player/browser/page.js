// What concerns the whole page, whichever of the app's pages it shows.

import { keepOneEntryAPage } from "./history.js";
import { readNumberFields } from "./number_fields.js";

/** Streamlit calls this when the app is opened; what it returns, when this leaves the page. */
export default function mount() {
  keepOneEntryAPage();
  return readNumberFields();
}
