// Sliders of the page's sidebar that set a number of a card: while one is moved the tracks follow, as when the number is
// dragged on the card in the player. Streamlit itself reports the slider's value, once it is let go.

/** @import {Dial} from "./types.d.ts" */
/** @import {DialHandle} from "./dial_handle.js" */
/** @import {Player} from "./player.js" */

const PAUSE = 40; // ms between a touch and its request, in which what the touch itself changes is reported on its own

export class SidebarSliders {
  /** @param {Player} player */
  constructor(player) {
    this.player = player;
    /** @type {?HTMLInputElement} the slider that was touched last */
    this.input = null;
    /** @type {?DialHandle} the handle that it moves */
    this.handle = null;
    /** @type {?("pointer" | "key")} what moves it */
    this.hand = null;
    this.observer = new MutationObserver(() => this.follow());
    this.listeners = new AbortController();
    const options = { signal: this.listeners.signal, capture: true };
    document.addEventListener("pointerdown", (event) => this.touch(event, "pointer"), options);
    document.addEventListener("keydown", (event) => event.key !== "Tab" && this.touch(event, "key"), options);
    document.addEventListener("focusin", (event) => this.touch(event, this.hand), options);
    for (const name of ["pointerup", "pointercancel"]) {
      document.addEventListener(name, () => this.letGo("pointer"), options);
    }
    document.addEventListener("keyup", () => this.letGo("key"), options);
  }

  /**
   * A key moves the slider and lets it go at once: a family that is requested then would only be in the way.
   * @param {Event} event
   * @param {?("pointer" | "key")} hand
   */
  touch({ target }, hand) {
    const place = /** @type {Element} */ (target).closest?.(".stSlider");
    const input = /** @type {?HTMLInputElement} */ (place?.querySelector("input[type=range]") ?? null);
    const dial = input && this.dialOf(input);
    if (!dial) return;
    this.hand = hand;
    this.input = input;
    this.observer.disconnect();
    this.observer.observe(input, { attributes: true, attributeFilter: ["value"] });
    if (hand !== "key") setTimeout(() => this.fetch(), PAUSE);
  }

  fetch() {
    const dial = this.input && this.dialOf(this.input);
    if (dial) this.player.dragging.fetch(dial);
  }

  /** Called for new runs: the next key of the slider that has the focus finds its family there. */
  renew() {
    if (this.input === document.activeElement) this.fetch();
  }

  /**
   * The number that a slider sets; its container is named after the setting.
   * @param {HTMLInputElement} input
   * @returns {Dial | undefined}
   */
  dialOf(input) {
    const names = input.closest(".stElementContainer")?.classList;
    const { controls, dials } = this.player.view ?? {};
    if (!names || !controls) return undefined;
    return dials?.find(({ card, field, level }) =>
      names.contains(`st-key-${[controls, card + 1, ...(level ? [level] : []), field].join("-")}`),
    );
  }

  /** Show the slider's value, if its visitor changed it, and not the page. */
  follow() {
    const { dragging } = this.player;
    const dial = this.hand ? this.dialOf(this.input) : undefined;
    if (!dial || (this.hand === "key" && !dragging.has(dial))) return;
    const handle = dragging.handleOf(dial);
    if (!handle) return;
    const box = handle.element.getBoundingClientRect();
    if (!handle.isHeld) handle.grab(box.left + box.width / 2);
    handle.move(nearest(dial.values, Number(this.input.value)));
    this.handle = handle;
  }

  /** @param {"pointer" | "key"} hand */
  letGo(hand) {
    if (hand !== this.hand) return;
    this.hand = null;
    this.handle?.leave();
    this.handle = null;
  }

  remove() {
    this.observer.disconnect();
    this.listeners.abort();
  }
}

/**
 * The index of the value that is nearest.
 * @param {number[]} values
 * @param {number} value
 */
function nearest(values, value) {
  const distances = values.map((each) => Math.abs(each - value));
  return distances.indexOf(Math.min(...distances));
}
