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

const NEIGHBOURS = [-6, -4, -2, 2, 4, 6]; // values away whose tracks are ghosts
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
    this.expecting = false;
  }

  /** Whether the visitor has dragged a number before. */
  get isKnown() {
    return hasDragged();
  }

  get active() {
    return this.handle !== null;
  }

  /** Called for new runs: families of the old ones are out of date. */
  forget() {
    this.family = null;
    this.shownIndex = -1;
    this.expecting = false;
  }

  /** A family of the runs on the page will come. */
  expect() {
    this.expecting = true;
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
    if (this.family && !sameDial(this.family.dial, dial)) this.family = null;
    if (this.family) this.show(this.family);
    else if (dial.live) {
      this.expect();
      request(player.view.key, "grab", turnOf(dial, dial.value));
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
    if (!this.expecting || (this.handle && !sameDial(family.dial, this.handle.dial))) return;
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
    return NEIGHBOURS.flatMap((away) => {
      const runs = this.family.runs[this.index + away] ?? [];
      return runs.filter(({ diverged }) => diverged < 0).map((run) => ({ run, alpha: 0.34 - 0.04 * Math.abs(away) }));
    });
  }

  /** Release: the page adopts the present value. */
  drop() {
    const { handle, index, origin, player } = this;
    if (!handle) return;
    this.apply();
    this.end();
    if (index === origin) return player.receiveLater();
    const { dial } = handle;
    dial.value = dial.values[index];
    player.release(turnOf(dial, dial.values[index]));
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
 * @param {Dial} dial
 * @param {number} value
 * @returns {Turn}
 */
function turnOf({ card, field, level }, value) {
  return { card, field, level, value };
}
