// What stands above a player for somebody new: what is seen, in a sentence, and the way into the tour, until they say that
// they know.

import { partOf } from "./elements.js";
import { Tour } from "./tour.js";
import { beginWords, showWords, WORDS_CHANGED, wordsShown } from "./words.js";

/** @import {ComponentArguments, GuideData} from "./types.d.ts" */

const PANEL = `<p class="g-sentence"></p>
  <div class="g-buttons"><button type="button" class="g-first"></button>
  <button type="button" class="g-known">I know this: show me the controls</button>
  <a href="#glossary">What do these words mean?</a></div>`;

class Guide {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    root.innerHTML = PANEL;
    root.setAttribute("role", "note");
    this.sentence = partOf(root, ".g-sentence");
    this.first = partOf(root, ".g-first");
    this.tour = new Tour(root, () => this.show());
    this.first.onclick = () => (this.tour.open ? this.tour.leave() : this.tour.start());
    partOf(root, ".g-known").onclick = () => {
      if (this.tour.open) this.tour.leave();
      showWords(false);
      showControls();
    };
    this.onChange = () => this.show();
    window.addEventListener(WORDS_CHANGED, this.onChange);
  }

  /** @param {GuideData} data */
  receive(data) {
    this.data = data;
    this.sentence.textContent = data.sentence;
    beginWords(data.words);
    this.tour.receive(data);
    this.show();
  }

  /** Nothing is left of it on the page, not even its place, for those who know. */
  show() {
    const isShown = wordsShown();
    this.root.hidden = !isShown;
    document.documentElement.classList.toggle("lookahead-words", isShown);
    const place = /** @type {ShadowRoot} */ (this.root.getRootNode()).host?.closest(".stElementContainer");
    if (place) /** @type {HTMLElement} */ (place).style.display = isShown ? "" : "none";
    const { at, open, ticks } = this.tour;
    const isDone = at === ticks.length;
    const hasBegun = at > 0 && !isDone;
    this.first.hidden = !this.data?.player || (open && isDone); // its panel says how to close it
    this.first.textContent = open
      ? "Leave the tour"
      : hasBegun
        ? `Resume the tour (${at} of ${ticks.length})`
        : "Start the tour";
  }

  remove() {
    this.tour.remove();
    window.removeEventListener(WORDS_CHANGED, this.onChange);
    document.documentElement.classList.remove("lookahead-words");
  }
}

/** Open the sidebar where it is folded away, and go to its first control. */
function showControls() {
  /** @type {HTMLElement} */
  const expandButton = document.querySelector('[data-testid="stExpandSidebarButton"]');
  expandButton?.click();
  const first = document.querySelector('[data-testid="stSidebarUserContent"] input');
  if (first) /** @type {HTMLElement} */ (first).focus();
}

/** @type {WeakMap<HTMLElement, Guide>} */
const guides = new WeakMap();

/**
 * Streamlit calls this with each run of the script, and what it returns when the component leaves the page.
 * @param {ComponentArguments<GuideData>} component
 */
export default function mount({ data, parentElement }) {
  const root = partOf(parentElement, ".lookahead-guide");
  if (!guides.has(root)) guides.set(root, new Guide(root));
  guides.get(root).receive(data);
  return () => {
    guides.get(root)?.remove();
    guides.delete(root);
  };
}
