// A start that is dragged over the surface: the script computes the runs from its place, one place after the other, and
// gets the next request after its answer.

import { exchange } from "./exchange.js";
import { distance } from "./points.js";
import { request } from "./requests.js";

/** @import {Point, Spotted, Stage, StartMove} from "./types.d.ts" */
/** @import {Player} from "./player.js" */
/** @import {Run} from "./run.js" */

const REACH = 12; // px around a start that grab it
const SLIP = 4; // px that a click may move
const PATIENCE = 500; // ms after which an answer counts as lost

export class StartDragging {
  /** @param {Player} player */
  constructor(player) {
    this.player = player;
    /** @type {?{start: number, panel: number, from: Point, hasMoved: boolean}} */
    this.grip = null;
    /** @type {?StartMove} where the start is */
    this.place = null;
    this.lastText = "";
    this.sentAt = 0;
  }

  get active() {
    return Boolean(this.grip?.hasMoved);
  }

  forget() {
    this.sentAt = 0;
  }

  /**
   * The start under the pointer, or -1 of none.
   * @param {Spotted} spot
   */
  startAt({ point, panel }) {
    const { view, scene, runs } = this.player;
    if (!view.movable || panel < 0) return null;
    const near = (/** @type {Run} */ run) => {
      const place = scene.panelOf(run);
      return place === scene.stage.panels[panel] && distance(place.place(run.weights(0, 0)), point) <= REACH;
    };
    return runs.find((run) => scene.anyShown(run) && near(run)) ?? null;
  }

  /**
   * Handle the pointer before the chart, which would drag its axes; returns a function that removes the listeners.
   * @param {Stage} stage
   */
  watch(stage) {
    const listeners = new AbortController();
    const options = { signal: listeners.signal, capture: true };
    const { host } = stage;
    const spot = (/** @type {MouseEvent} */ event) => {
      const box = host.getBoundingClientRect();
      /** @type {Point} */
      const point = [event.clientX - box.left, event.clientY - box.top];
      return { point, panel: stage.panels.findIndex((panel) => panel.contains(point)) };
    };
    host.addEventListener("pointerdown", (event) => this.press(event, spot(event)), options);
    host.addEventListener("mousedown", (event) => this.grip && event.stopPropagation(), options);
    host.addEventListener("touchmove", (event) => this.grip && event.preventDefault(), { ...options, passive: false });
    window.addEventListener("pointermove", (event) => this.move(event, spot(event)), options);
    window.addEventListener("pointerup", () => this.drop(), options);
    window.addEventListener("pointercancel", () => this.putBack(), options);
    window.addEventListener("keydown", (event) => event.key === "Escape" && this.putBack(), options);
    return () => listeners.abort();
  }

  /**
   * @param {PointerEvent} event
   * @param {Spotted} spot
   */
  press(event, spot) {
    const run = event.button === 0 ? this.startAt(spot) : null;
    this.grip = run && { start: run.start, panel: spot.panel, from: spot.point, hasMoved: false };
    this.before = this.player.runs;
  }

  /**
   * @param {PointerEvent} event
   * @param {Spotted} spot
   */
  move(event, { point }) {
    const { grip, player } = this;
    if (!grip) return;
    event.stopPropagation();
    if (!grip.hasMoved && distance(point, grip.from) <= SLIP) return;
    if (!grip.hasMoved) player.scene.lift(player.runs.map(({ name }) => name));
    grip.hasMoved = true;
    const [x, y] = player.stage.panels[grip.panel].value(point);
    this.place = { start: grip.start, x, y };
    const { view, stage } = player;
    player.scene.heldStart = {
      weights: [x, y],
      panel: stage.panels[grip.panel],
      onSurface: view.quantities.value === "loss",
    };
    player.redraw();
    this.ask();
  }

  /** Request the runs from here, unless a request is pending. */
  ask() {
    const text = JSON.stringify(this.place);
    const awaiting = this.sentAt && performance.now() - this.sentAt < PATIENCE;
    if (awaiting || (this.sentAt === 0 && text === this.lastText)) return;
    this.lastText = text;
    this.sentAt = performance.now();
    request(this.player.view.key, "start", this.place);
  }

  /**
   * Receive the runs from an earlier place of the start.
   * @param {StartMove} place
   * @param {Run[]} runs
   */
  receive(place, runs) {
    this.sentAt = 0;
    if (!this.active || place.start !== this.grip.start) return;
    exchange(this.player, runs);
    this.ask();
  }

  drop() {
    const { active, place, player } = this;
    this.grip = player.scene.heldStart = null;
    if (!active) return;
    player.scene.lift([]);
    player.releaseStart(place);
    player.redraw();
  }

  putBack() {
    const { active, before, player } = this;
    this.grip = player.scene.heldStart = null;
    if (!active) return;
    exchange(player, before);
    player.scene.lift([]);
    for (const chart of player.linked) chart.clear();
    player.receiveLater();
    player.redraw();
  }
}
