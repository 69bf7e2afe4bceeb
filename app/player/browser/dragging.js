// A number that is being dragged: its family is requested when it is grabbed, and the tracks are exchanged for those of
// the present value, once a frame, until it is released or the drag is cancelled.

import { exchange } from "./exchange.js";
import { Family, unpackMessage } from "./family.js";
import { pinPicture } from "./pinning.js";
import { request } from "./requests.js";
import { store, stored } from "./storage.js";

/** @import {Dial, Turn} from "./types.d.ts" */
/** @import {DialHandle} from "./dial_handle.js" */
/** @import {Player} from "./player.js" */
/** @import {Run} from "./run.js" */

const NEIGHBOURS = [-0.15, -0.1, -0.05, 0.05, 0.1, 0.15]; // of the whole range away, whose tracks are ghosts
const PATIENCE = 500; // ms after which a request counts as lost
const DRAGGED_KEY = "lookahead-dragged"; // key under which the browser stores that a number was dragged, so no hint is needed

export class Dragging {
  /** @param {Player} player */
  constructor(player) {
    this.player = player;
    /** @type {?Family} the last that arrived, while its tracks' comparison is shown */
    this.family = null;
    /** @type {?DialHandle} */
    this.handle = null;
    /** @type {DialHandle[]} */
    this.handles = [];
    /** Unpins the picture. */
    this.letGo = () => {};
    /** Whether neighbouring values are shown. */
    this.ghosts = true;
    this.index = this.shownIndex = -1;
    this.requested = "";
    this.requestedAt = 0;
  }

  /** Whether the visitor has dragged a number before. */
  get isKnown() {
    return hasDragged();
  }

  get active() {
    return this.handle !== null;
  }

  /** Called for new runs: the family of the old ones stays where it is theirs, too, and else is out of date. */
  renew() {
    const dial = this.family && this.player.view.dials?.find((each) => isOf(each, this.family.dial));
    if (dial) this.family.rename(dial);
    else this.family = null;
    this.shownIndex = -1;
  }

  /**
   * Whether the family of a number is there.
   * @param {Dial} dial
   */
  has(dial) {
    return Boolean(this.family && isOf(dial, this.family.dial));
  }

  /**
   * Request the family of a number, unless it is there or too large.
   * @param {Dial} dial
   */
  fetch(dial) {
    const name = `${dial.card}.${dial.field}.${dial.level} ${dial.others}`;
    const now = performance.now();
    const isOnItsWay = name === this.requested && now - this.requestedAt < PATIENCE;
    if (this.has(dial) || isOnItsWay || !dial.live) return;
    [this.requested, this.requestedAt] = [name, now];
    request(this.player.view.key, "grab", turnOf(dial, dial.value));
  }

  /**
   * The handle of a number on its card.
   * @param {Dial} dial
   */
  handleOf(dial) {
    return this.handles.find((handle) => sameDial(handle.dial, dial) && handle.element.isConnected);
  }

  /** @param {DialHandle} handle */
  grab(handle) {
    if (this.active) this.drop();
    const { player } = this;
    const { dial } = handle;
    this.handle = handle;
    this.before = player.runs.filter(({ name }) => name === dial.name);
    this.index = this.origin = this.shownIndex = handle.index;
    this.letGo = pinPicture(player.view.chart, handle.element);
    player.scene.lift([dial.name]);
    rememberDragged();
    player.root.querySelector(".lp-hint")?.remove();
    if (this.has(dial)) this.show(this.family);
    else {
      this.family = null;
      this.fetch(dial);
    }
    player.redraw();
  }

  /** @param {DialHandle} handle */
  add(handle) {
    this.handles.push(handle);
  }

  /**
   * Show the value in every handle of the number.
   * @param {DialHandle} source
   * @param {number} index
   */
  put(source, index) {
    this.handles = this.handles.filter(({ element }) => element.isConnected);
    for (const handle of this.handles) if (sameDial(handle.dial, source.dial)) handle.put(index);
  }

  /** @param {number} index */
  move(index) {
    this.index = index;
    this.put(this.handle, index);
    this.player.redraw();
  }

  /** @param {Uint8Array} bytes */
  async receive(bytes) {
    const { header, runs } = await unpackMessage(bytes);
    if ("start" in header) return this.player.startDragging.receive(header, runs);
    const family = new Family(header, runs);
    // A number that is held has the page's newest family: its data wait until it is let go.
    const dial = this.handle?.dial ?? this.player.view.dials.find((each) => isOf(each, family.dial));
    if (!dial || !sameDial(family.dial, dial)) return;
    family.rename(dial); // it may have changed its value since it was asked for
    this.family = family;
    if (this.handle) this.show(family);
    this.player.redraw();
  }

  /** @param {Family} family */
  show(family) {
    this.handle.rail.mark(family);
    this.shownIndex = -1;
  }

  /** Exchange the tracks for those of the present value, if it changed since the last frame. */
  apply() {
    if (!this.handle || !this.family || this.index === this.shownIndex) return;
    this.shownIndex = this.index;
    exchange(this.player, this.family.runs[this.index]);
    this.player.scene.ghosts = this.neighbours();
  }

  /** @returns {{run: Run, alpha: number}[]} */
  neighbours() {
    if (!this.ghosts) return [];
    const { runs } = this.family;
    return NEIGHBOURS.flatMap((away) => {
      const neighbours = runs[this.index + Math.round(away * (runs.length - 1))] ?? [];
      const alpha = 0.34 - 1.6 * Math.abs(away);
      return neighbours.filter(({ diverged }) => diverged < 0).map((run) => ({ run, alpha }));
    });
  }

  /** Release: the page adopts the present value. */
  drop() {
    const { player, handle } = this;
    const { dial } = handle;
    if (this.leave()) player.release(turnOf(dial, dial.value));
  }

  /** End at the present value, which the page is told by something else; whether it is another than before. */
  leave() {
    const { handle, index, origin, player } = this;
    this.apply();
    this.end();
    if (index === origin) {
      player.receiveLater();
      return false;
    }
    handle.dial.value = handle.dial.values[index];
    player.awaiting = null; // the next data have this value
    return true;
  }

  /** Cancel: restore the value before the drag. */
  putBack() {
    const { handle, before, player } = this;
    if (!handle) return;
    exchange(player, before);
    this.put(handle, this.origin);
    this.end();
    for (const chart of player.linked) chart.clear();
    player.receiveLater();
  }

  end() {
    this.handle.rail.remove();
    this.handle = null;
    this.letGo();
    this.player.scene.lift([]);
    this.player.redraw();
  }
}

/** Whether a number was dragged on a visit to this site; where nothing is stored, on this page. */
function hasDragged() {
  return window.__lookaheadDragged || stored(DRAGGED_KEY) !== null;
}

function rememberDragged() {
  window.__lookaheadDragged = true;
  store(DRAGGED_KEY, "1");
}

/**
 * @param {Dial} one
 * @param {Dial} other
 */
function sameDial(one, other) {
  const same = one.card === other.card && one.field === other.field && one.level === other.level;
  return same && String(one.values) === String(other.values);
}

/**
 * Whether a family of one dial is the other's: the same number, and everything else on the page is the same.
 * @param {Dial} one
 * @param {Dial} other
 */
function isOf(one, other) {
  return sameDial(one, other) && one.others === other.others;
}

/**
 * @param {Dial} dial
 * @param {number} value
 * @returns {Turn}
 */
function turnOf({ card, field, level }, value) {
  return { card, field, level, value };
}
