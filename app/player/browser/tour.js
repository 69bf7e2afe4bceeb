// The tour: a panel that asks for one thing after the other and waits until it is done, and a ring around the control
// that it speaks of. It can be left and goes on where it was, on the next visit, too.

import { HEADER, partOf } from "./elements.js";
import { store, storedValue } from "./storage.js";
import { STEPS } from "./tour_steps.js";

/** @import {GuideData} from "./types.d.ts" */

const KEY = "lookahead-tour"; // under which the browser keeps how far it has come
const POLL = 150; // ms
const PRAISE = 900; // ms that a tick is seen before the next step
const THEME = ["--st-text-color", "--st-background-color", "--st-primary-color", "--st-base-radius", "--st-font"];
const MARGIN = 20; // px around the panel, as in guide.css
const CORNERS = ["right-bottom", "left-bottom", "right-top"];
const END =
  "Six of six. From here on change what you like: Undo takes a change back, Reset all of them. The Lessons page asks and explains.";

const PANEL = `<link rel="stylesheet"><div class="t-ring" hidden></div>
  <section class="t-panel" role="region" aria-label="Tour" tabindex="-1">
    <div class="t-head"><b>Tour</b><ol></ol><button type="button" class="t-leave">Leave</button></div>
    <p aria-live="polite"></p>
    <div class="t-buttons"><button type="button" class="t-show">Show me</button>
      <button type="button" class="t-skip">Skip</button></div>
  </section>`;

export class Tour {
  /**
   * @param {HTMLElement} root of the guide, whose theme and style it takes
   * @param {() => void} onChange
   */
  constructor(root, onChange) {
    this.root = root;
    this.onChange = onChange;
    this.ticks = readMemory();
    this.onPress = (/** @type {Event} */ event) => this.press(event);
  }

  get open() {
    return Boolean(this.host);
  }

  /** The first step that is not ticked off. */
  get at() {
    const next = this.ticks.indexOf(false);
    return next < 0 ? STEPS.length : next;
  }

  /** @param {GuideData} data */
  receive(data) {
    const elsewhere = this.data?.page !== data.page;
    this.data = data;
    if (elsewhere) this.before = data;
    if (window.__lookaheadTour && data.player && !this.open) this.show();
    this.dress();
  }

  start() {
    if (this.at === STEPS.length) this.ticks = STEPS.map(() => false);
    window.__lookaheadTour = true;
    this.show();
    this.panel.focus();
  }

  show() {
    this.host = document.body.appendChild(document.createElement("div"));
    this.host.className = "lookahead-tour-host";
    const shadow = this.host.attachShadow({ mode: "open" });
    shadow.innerHTML = PANEL;
    const own = /** @type {ParentNode} */ (this.root.getRootNode()).querySelector("link, style");
    if (own) shadow.querySelector("link").replaceWith(own.cloneNode(true));
    this.panel = /** @type {HTMLElement} */ (shadow.querySelector("section"));
    this.ring = /** @type {HTMLElement} */ (shadow.querySelector(".t-ring"));
    this.line = partOf(this.panel, "p");
    partOf(this.panel, ".t-leave").onclick = () => this.leave();
    partOf(this.panel, ".t-show").onclick = () => this.point(true);
    partOf(this.panel, ".t-skip").onclick = () => this.tick();
    document.addEventListener("click", this.onPress, true);
    this.timer = setInterval(() => this.look(), POLL);
    this.dress();
    this.begin();
  }

  /** In the colours of the page. */
  dress() {
    if (!this.open) return;
    const style = getComputedStyle(this.root);
    for (const name of THEME) this.host.style.setProperty(name, style.getPropertyValue(name));
  }

  begin() {
    const step = STEPS[this.at];
    this.before = this.data;
    this.praising = false;
    this.line.textContent = step?.text ?? END;
    const ticks = this.ticks.map((done, index) => {
      const item = document.createElement("li");
      item.textContent = done ? "✓" : String(index + 1);
      item.className = done ? "t-done" : index === this.at ? "t-now" : "";
      if (index === this.at) item.setAttribute("aria-current", "step");
      item.setAttribute("aria-label", `Step ${index + 1} of ${this.ticks.length}${done ? ", done" : ""}`);
      return item;
    });
    this.panel.querySelector("ol").replaceChildren(...ticks);
    partOf(this.panel, ".t-buttons").hidden = !step;
    partOf(this.panel, ".t-leave").textContent = step ? "Leave" : "Close";
    step?.begin?.(this.data);
    this.point(false);
    this.onChange();
  }

  /**
   * Bring the control of this step into view.
   * @param {boolean} focus
   */
  point(focus) {
    const target = STEPS[this.at]?.target(this.data);
    if (!target) return;
    const { top, bottom } = target.getBoundingClientRect();
    const space = this.panel.offsetHeight + 2 * MARGIN;
    if (top < HEADER || bottom > window.innerHeight - space) {
      target.style.scrollMarginBottom = `${space}px`; // just above the panel: most of the picture stays on the screen
      target.scrollIntoView({ block: "end" });
      target.style.scrollMarginBottom = "";
    }
    if (focus) target.focus();
  }

  /** Whether the step is done by now; and put the ring where its control is. */
  look() {
    const step = STEPS[this.at];
    const target = this.praising ? null : step?.target(this.data);
    const around = target && step.around?.(this.data);
    this.place(around?.contains(target) ? around : target);
    this.dodge([target, step?.shows?.(this.data), document.querySelector('[class*="-ground-place"]')]);
    const isUnfolded = this.foldedTestId && target?.dataset.testid !== this.foldedTestId;
    this.foldedTestId = target?.dataset.testid; // of what opens the sidebar
    if (isUnfolded) this.point(false);
    if (step && !this.praising && step.done(this.data, this.before)) this.tick();
  }

  /** @param {?HTMLElement | undefined} target */
  place(target) {
    this.ring.hidden = !target;
    if (!target) return;
    const { left, top, width, height } = target.getBoundingClientRect();
    const [x, y, across, down] = [left - 3, top - 3, width + 6, height + 6].map(Math.round);
    this.ring.style.cssText = `left:${x}px;top:${y}px;width:${across}px;height:${down}px`;
  }

  /**
   * Go to the corner where the panel covers least of these; of the first of them above all.
   * @param {(?Element | undefined)[]} parts
   */
  dodge(parts) {
    const { offsetWidth: width, offsetHeight: height } = this.panel;
    const boxes = parts.filter(Boolean).map((part) => part.getBoundingClientRect());
    const covered = CORNERS.map((corner) => {
      const left = corner.startsWith("left") ? MARGIN : window.innerWidth - MARGIN - width;
      const top = corner.endsWith("top") ? HEADER : window.innerHeight - MARGIN - height;
      const areas = boxes.map((box) => {
        const across = Math.min(left + width, box.right) - Math.max(left, box.left);
        return Math.max(0, across) * Math.max(0, Math.min(top + height, box.bottom) - Math.max(top, box.top));
      });
      return areas.reduce((sum, area, index) => sum + area / 8 ** index, 0);
    });
    const least = Math.min(...covered);
    const now = CORNERS.indexOf(this.panel.dataset.corner);
    if (now < 0 || covered[now] > least) this.panel.dataset.corner = CORNERS[covered.indexOf(least)];
  }

  /** @param {Event} event */
  press(event) {
    const selector = STEPS[this.at]?.presses;
    const hit = (/** @type {EventTarget} */ part) => part instanceof Element && part.matches(selector);
    if (selector && !this.praising && event.composedPath().some(hit)) this.tick();
  }

  /** This step is done, or skipped. */
  tick() {
    if (this.praising) return;
    this.praising = true;
    const now = this.panel.querySelector(".t-now");
    if (now) Object.assign(now, { textContent: "✓", className: "t-done" });
    this.ticks[this.at] = true;
    store(KEY, JSON.stringify(this.ticks));
    this.waiting = setTimeout(() => this.begin(), PRAISE);
  }

  leave() {
    window.__lookaheadTour = false;
    this.remove();
    this.onChange();
    partOf(this.root, ".g-first").focus();
  }

  remove() {
    clearInterval(this.timer);
    clearTimeout(this.waiting);
    document.removeEventListener("click", this.onPress, true);
    this.host?.remove();
    this.host = null;
  }
}

/** @returns {boolean[]} */
function readMemory() {
  const ticks = storedValue(KEY);
  return STEPS.map((_, index) => Boolean(ticks?.[index]));
}
