// The glossary: a dialog with all terms. Links to #glossary open it, and links to #term-KEY open it at a term, wherever on
// the page they stand; so does ?term=KEY in the address that the page was opened with.

import { escapeHtml, partOf } from "./elements.js";
import terms from "./glossary.json" with { type: "json" };

const LINK = /^#(glossary|term-([a-z-]+))$/;
const THEME = ["--st-text-color", "--st-background-color", "--st-primary-color", "--st-base-radius", "--st-font"];
const DIALOG = `<dialog class="lookahead-glossary" aria-labelledby="title">
    <div class="gl-head"><h2 id="title">What these words mean</h2><button type="button">Close</button></div>
    <dl></dl>
  </dialog>`;

/** @param {typeof terms[number]} term */
function entry({ key, name, meaning, formula }) {
  const rule = formula ? `<dd class="gl-formula">${escapeHtml(formula)}</dd>` : "";
  return `<div id="term-${key}"><dt><a href="?term=${key}">${escapeHtml(name)}</a></dt>
    <dd>${escapeHtml(meaning)}</dd>${rule}</div>`;
}

/** The link that was clicked, through all shadow roots. @param {MouseEvent} event */
function linkOf(event) {
  return event.composedPath().find((part) => part instanceof HTMLAnchorElement);
}

/** The term of the address with which this page was opened: the script rewrites addresses meanwhile. */
function termAtFirst() {
  const [opened] = performance.getEntriesByType("navigation");
  return opened && new URL(opened.name).searchParams.get("term");
}

export class Glossary {
  /** @param {HTMLElement} root whose theme and style it takes */
  constructor(root) {
    this.root = root;
    this.host = document.body.appendChild(document.createElement("div"));
    this.host.className = "lookahead-glossary-host";
    const shadow = this.host.attachShadow({ mode: "open" });
    shadow.innerHTML = DIALOG;
    const own = /** @type {ParentNode} */ (root.getRootNode()).querySelector("link, style");
    if (own) shadow.prepend(own.cloneNode(true));
    this.dialog = shadow.querySelector("dialog");
    partOf(this.dialog, "dl").innerHTML = terms.map(entry).join("");
    partOf(this.dialog, "button").onclick = () => this.dialog.close();
    this.dialog.onclick = (event) => this.press(event);
    this.clicked = (/** @type {MouseEvent} */ event) => this.follow(event);
    document.addEventListener("click", this.clicked, true);
    const term = window.__lookaheadGlossary ? null : termAtFirst();
    window.__lookaheadGlossary = true;
    if (term) this.open(term);
  }

  /** @param {MouseEvent} event */
  follow(event) {
    const href = /** @type {?HTMLElement} */ (linkOf(event))?.getAttribute("href") ?? "";
    const found = LINK.exec(href);
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    this.open(found[2]);
  }

  /**
   * A click beside the dialog closes it; one on a name marks that term, its address can be copied from there.
   * @param {MouseEvent} event
   */
  press(event) {
    const link = /** @type {?HTMLAnchorElement} */ (linkOf(event));
    if (event.target === this.dialog) this.dialog.close();
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.mark(link.search.replace("?term=", ""));
  }

  /** @param {string} [key] of the term to show first */
  open(key) {
    const style = getComputedStyle(this.root);
    for (const name of THEME) this.host.style.setProperty(name, style.getPropertyValue(name));
    this.host.style.colorScheme = getComputedStyle(document.querySelector(".stApp") ?? document.body).colorScheme;
    if (!this.dialog.open) this.dialog.showModal();
    this.mark(key);
  }

  /** @param {string} [key] */
  mark(key) {
    this.dialog.querySelector(".gl-marked")?.classList.remove("gl-marked");
    const term = key && /** @type {?HTMLElement} */ (this.dialog.querySelector(`#term-${CSS.escape(key)}`));
    if (!term) return;
    term.classList.add("gl-marked");
    partOf(term, "a").focus({ preventScroll: true });
    term.scrollIntoView({ block: "center" });
  }

  remove() {
    document.removeEventListener("click", this.clicked, true);
    this.host.remove();
  }
}
