// One player: its playback, its scene over a chart (or over axes of its own), and its controls.

import { AxesStage, firstBackground } from "./axes_stage.js";
import { ChartStage } from "./chart_stage.js";
import { commandsOf } from "./commands.js";
import { Dragging } from "./dragging.js";
import { partOf } from "./elements.js";
import { HeadNote } from "./head_note.js";
import { hooksOf } from "./hooks.js";
import { Inspector } from "./inspector.js";
import { watchKeys } from "./keyboard.js";
import { Legend } from "./legend.js";
import { cursorLines, LinkedChart } from "./linked_charts.js";
import { recall, remember } from "./memory.js";
import { Narration } from "./narration.js";
import { Playback, ROWS_PER_SECOND, SPEEDS } from "./playback.js";
import { findChart, placeOfKey } from "./plotly_chart.js";
import { watchPointer } from "./pointer.js";
import { ReelChart } from "./reel_chart.js";
import { rename } from "./renaming.js";
import { reportAlone, reportAtRest } from "./requests.js";
import { Scene } from "./scene.js";
import { StartDragging } from "./start_dragging.js";
import { readTheme } from "./theme.js";
import { timelineOf } from "./timeline.js";
import { Transport } from "./transport.js";
import { sameBytes, unpack } from "./unpack.js";

/** @import {Background, FirstFrame, Reports, Spotted, Stage, StartMove, Theme, Turn, PlayerView} from "./types.d.ts" */
/** @import {SidebarSliders} from "./sidebar_sliders.js" */
/** @import {Run} from "./run.js" */

const PATIENCE = 2500; // ms to wait for the chart before drawing axes of our own
const HURRY_SPEED = 12; // rows a second, beyond which texts are updated less often
const WORDS_EVERY = 100; // ms between two changes of the text while hurried
const LONGEST = 60; // seconds of the whole at the initial speed
const lessMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

const FRAME = `<div class="lp-surface" hidden></div>
  <div class="lp-transport" role="group" aria-label="Playback"></div>
  <div class="lp-narration" role="group" aria-label="What happens"></div>
  <div class="lp-legend" role="group" aria-label="Optimizers and layers"></div>
  <div class="lp-inspector" role="group" aria-label="Step inspector"></div>`;

/** The players on the page by their keys, shared by every copy of this module. */
function players() {
  window.__lookaheadPlayers ??= {};
  return window.__lookaheadPlayers;
}

export class Player {
  /**
   * @param {HTMLElement} root
   * @param {?Background} background drawn where there is no chart
   */
  constructor(root, background = null) {
    root.innerHTML = FRAME;
    this.root = root;
    this.background = background;
    this.started = performance.now();
    /** @type {?FirstFrame} */
    this.first = null;
    this.wordsTime = 0;
    this.scene = new Scene();
    this.playback = new Playback();
    this.dragging = new Dragging(this);
    this.startDragging = new StartDragging(this);
    /** @type {?SidebarSliders} where it stands on a page with a sidebar */
    this.sliders = null;
    /** @type {LinkedChart[]} */
    this.linked = [];
    this.prepareControls();
    this.last = 0;
    this.outdated = false;
    this.frames = { count: 0, milliseconds: 0, worst: 0 };
    /** @type {FrameRequestCallback} */
    this.tick = (now) => this.frame(now);
    this.onAxesMove = () => {
      this.outdated = true;
      this.redraw();
    };
    this.watchPage();
  }

  prepareControls() {
    const { root } = this;
    const commands = commandsOf(this);
    this.transport = new Transport(partOf(root, ".lp-transport"), this.playback, commands);
    this.narration = new Narration(partOf(root, ".lp-narration"), commands);
    this.legend = new Legend(partOf(root, ".lp-legend"), commands);
    this.inspector = new Inspector(partOf(root, ".lp-inspector"), commands);
    this.keys = watchKeys(root, commands);
    this.surface = partOf(root, ".lp-surface");
  }

  watchPage() {
    this.watcher = new MutationObserver(() => this.attach());
    this.watcher.observe(document.body, { childList: true, subtree: true });
    this.timer = setInterval(() => this.attach(), 300);
    this.heedMotion = () => this.setStill(lessMotion.matches);
    lessMotion.addEventListener("change", this.heedMotion);
    this.setStill(lessMotion.matches);
  }

  /** @param {number} row */
  jump(row) {
    this.playback.pause();
    this.playback.seek(row);
  }

  /** @param {boolean} still */
  setStill(still) {
    this.playback.still = still;
    if (still) this.playback.pause();
  }

  /**
   * New data, or the old under a new theme.
   * @param {Uint8Array} bytes
   * @param {?Reports} reports called with each click on the surface, and each released number
   */
  receive(bytes, reports) {
    this.reports = reports;
    this.awaiting = this.dragging.active || this.startDragging.active ? bytes.slice() : null;
    if (this.awaiting) return;
    const same = this.bytes && sameBytes(this.bytes, bytes);
    if (!same) this.load(bytes.slice());
    const newTheme = readTheme(this.root);
    if (same && JSON.stringify(this.scene.theme) === JSON.stringify(newTheme)) return;
    this.dress(newTheme);
  }

  /** @param {Uint8Array} bytes */
  load(bytes) {
    this.bytes = bytes;
    this.startDragging.forget();
    const { view, runs } = unpack(bytes);
    const first = !this.view;
    const other = this.view && this.view.scene !== view.scene;
    if (this.view) rename(this.scene, this.view, view);
    if (this.view?.chart !== view.chart) this.detach();
    this.view = view;
    this.dragging.renew();
    this.sliders?.renew();
    if (view.first) this.openWith(view.first);
    this.runs = runs;
    players()[view.key] = hooksOf(this);
    this.link(view);
    const isRecalled = first && recall(view, this.playback, this.scene);
    if (other) this.startOver();
    this.scene.minima = view.minima;
    this.narration.load(view.narration);
    this.root.classList.toggle("lp-presented", view.presented);
    this.root.classList.toggle(
      "lp-light",
      runs.some(({ cloud }) => cloud),
    );
    this.scene.inspected = this.runToInspect();
    this.setRows();
    if (other || (first && !isRecalled)) this.choosePace();
  }

  /** The run inspected last, else another of its optimizer, else the one with the most layers. */
  runToInspect() {
    const { runs } = this;
    const { inspected } = this.scene;
    const richest = [...runs].sort((a, b) => b.depth - a.depth || a.start - b.start)[0];
    const previous =
      runs.find(({ name, start }) => name === inspected?.name && start === inspected.start) ??
      runs.find(({ name }) => name === inspected?.name);
    return previous ?? richest ?? null;
  }

  /** Another scene: from its start, with its richest run inspected. */
  startOver() {
    this.playback.pause();
    this.playback.seek(0);
    this.scene.inspected = null;
  }

  /**
   * Colours first, then everything that is drawn in them.
   * @param {Theme} theme
   */
  dress(theme) {
    this.scene.show(this.runs, theme);
    this.legend.load(this.scene, this.view.dials ?? [], this.dragging);
    this.transport.ghosts.hidden = !this.view.dials?.length;
    this.inspectAgain();
    if (this.stage instanceof AxesStage)
      this.detach(); // its extent and panels follow the data
    else if (this.stage) this.scene.place(this.stage);
    this.attach();
    this.redraw();
  }

  /** A speed at which the whole takes at most a minute. */
  choosePace() {
    const { playback } = this;
    const quick = SPEEDS.filter((speed) => speed >= 1);
    playback.speed = quick.find((speed) => playback.duration(speed) <= LONGEST) ?? quick[quick.length - 1];
    if (this.view.autoplay && !lessMotion.matches) playback.play();
  }

  setRows() {
    const { steps, synchronising, stops } = timelineOf(this.runs, this.scene);
    this.steps = steps;
    this.playback.load(synchronising.length, synchronising, stops);
  }

  /** @param {string} name of a run, or of one of its layers: "name/layer" */
  toggle(name) {
    const { hidden } = this.scene;
    if (!hidden.delete(name)) hidden.add(name);
    this.scene.trails?.reset();
    this.legend.mark(this.scene);
    this.setRows();
  }

  /** @param {Run} run */
  inspect(run) {
    if (run === this.scene.inspected) return;
    this.scene.inspected = run;
    this.legend.mark(this.scene);
    this.setRows();
    this.inspectAgain();
  }

  inspectAgain() {
    const { scene } = this;
    const { inspected } = scene;
    if (!inspected) return;
    const inks = scene.inks(inspected);
    const sameName = this.runs.filter(({ name }) => name === inspected.name);
    this.inspector.load(inspected, sameName, inks, scene.letters(inspected), this.view, this.dragging);
    this.transport.load(inspected, this.steps, inks);
  }

  /** @param {Turn} turn */
  release(turn) {
    const { reports } = this;
    reportAlone(() => reports?.release(turn));
  }

  /** @param {StartMove} move */
  releaseStart(move) {
    this.awaiting = null;
    const { reports } = this;
    reportAlone(() => reports?.start(move));
  }

  /** Load the data that came while a number was dragged. */
  receiveLater() {
    const bytes = this.awaiting;
    if (bytes) this.receive(bytes, this.reports);
  }

  /** @param {number} start */
  inspectStart(start) {
    const { name } = this.scene.inspected;
    this.inspect(this.runs.find((run) => run.name === name && run.start === start));
  }

  /** Find the chart, or lay out axes of our own; called whenever the page changed. */
  attach() {
    if (!this.view) return;
    for (const chart of this.linked) if (!chart.attached) chart.attach();
    if (this.reel && !this.reel.attached) this.reel.attach();
    const replaceable = this.stage instanceof AxesStage && this.view.chart && findChart(this.view.chart);
    if (this.stage?.attached && !replaceable) return;
    this.detach();
    const stage = ChartStage.at(this.view.chart, this.onAxesMove) ?? this.axesStage();
    if (!stage) return;
    this.stage = stage;
    this.scene.place(stage);
    stage.paint(this.scene.theme);
    this.note = new HeadNote(stage.host, this.scene.theme);
    this.unwatch = watchPointer(
      stage,
      (spot) => this.point(spot),
      (spot) => this.press(spot),
    );
    this.unwatchStarts = this.startDragging.watch(stage);
    this.redraw();
  }

  /**
   * Draw by itself until the chart has come, and report when it is on the screen: what else the page holds comes then.
   * Where that has come without it, a report would run this page once more, in place of another that was turned to.
   * @param {FirstFrame} first
   */
  openWith(first) {
    this.first = first;
    reportAtRest(this.root, () => requestAnimationFrame(() => this.view.first && this.reports?.drawn()));
  }

  axesStage() {
    const { chart } = this.view;
    const { first } = this;
    const coming = placeOfKey(chart) || performance.now() - this.started < PATIENCE;
    if (chart && coming && !first) return null;
    const background = first ? firstBackground(first) : this.background;
    return new AxesStage(this.surface, this.runs, this.view, background, this.onAxesMove, first);
  }

  detach() {
    this.unwatch?.();
    this.unwatchStarts?.();
    this.note?.remove();
    this.stage?.remove();
    /** @type {?Stage} */
    this.stage = null;
  }

  /** @param {PlayerView} view */
  link({ linked, curves, reel }) {
    this.reel?.remove();
    this.reel = reel ? new ReelChart(reel, this) : null;
    // A dragged number's curves stay until the chart that has them, too, takes the place of the one below them.
    const former = new Map(this.linked.map((chart) => [chart.key, chart]));
    this.linked = linked.map((key, index) => (former.get(key) ?? new LinkedChart(key)).showing(curves?.[index]));
    for (const [key, chart] of former) if (!linked.includes(key)) chart.remove();
    for (const chart of this.linked) chart.attach();
  }

  /** The chart was drawn again: follow its axes. */
  remeasure() {
    this.outdated = false;
    if (!this.stage?.attached) this.attach();
    else if (this.stage.measure()) {
      this.scene.forgetMeasures();
      this.stage.paint(this.scene.theme);
    }
  }

  /** @param {?Spotted} spot */
  point(spot) {
    const head = spot && this.scene.headAt(spot.point);
    const start = spot && this.startDragging.startAt(spot);
    this.stage.host.style.cursor = start ? "grab" : "";
    if (head) this.note.show(head, this.scene, this.view);
    else this.note.hide();
  }

  /** @param {Spotted} spot */
  press(spot) {
    this.keys.claim();
    const head = this.scene.headAt(spot.point);
    if (head) {
      this.inspect(head.run);
      this.redraw();
    } else if (this.view.pickable && this.reports) {
      const [x, y] = this.stage.panels[spot.panel].value(spot.point);
      this.clicks = (this.clicks ?? 0) + 1;
      this.reports.pick({ x, y, panel: spot.panel, n: this.clicks });
    }
  }

  redraw() {
    if (this.frameRequest) return;
    this.frameRequest = requestAnimationFrame(this.tick);
  }

  /** @param {number} now */
  frame(now) {
    this.frameRequest = 0;
    if (!this.root.isConnected) return;
    const began = performance.now();
    const elapsed = this.last ? Math.min(0.1, (now - this.last) / 1000) : 0;
    if (this.outdated) this.remeasure();
    this.dragging.apply();
    const ready = Boolean(this.stage);
    const moving = ready && this.playback.moving && this.playback.advance(elapsed);
    this.last = moving ? now : 0;
    this.render(moving && this.playback.playing && this.playback.speed * ROWS_PER_SECOND > HURRY_SPEED);
    this.count(performance.now() - began);
    if (moving) this.redraw();
  }

  /**
   * Draw everything; when hurried, the parts beside the surface take turns, and texts are updated less often.
   * @param {boolean} inHurry
   */
  render(inHurry) {
    const { scene, playback } = this;
    const { moment } = playback;
    const words = !inHurry || performance.now() - this.wordsTime > WORDS_EVERY;
    if (words) this.wordsTime = performance.now();
    this.transport.show(words);
    if (words) this.narration.follow(this);
    const [odd, even] = inHurry && !words ? [this.frames.count % 2, 1 - (this.frames.count % 2)] : [1, 1];
    if (odd) this.legend.show(scene, moment, words);
    if (!this.stage) return;
    scene.draw(moment);
    if (even && scene.inspected) this.inspector.show(scene, moment, words, playback.playing);
    const lines = odd && this.linked.length ? cursorLines(scene, moment.row) : null;
    if (lines) for (const chart of this.linked) chart.show(lines);
    this.reel?.show(this.steps[playback.row], playback.moving);
  }

  /** @param {number} milliseconds */
  count(milliseconds) {
    this.frames.count += 1;
    this.frames.milliseconds += milliseconds;
    this.frames.worst = Math.max(this.frames.worst, milliseconds);
  }

  remove() {
    if (this.view) remember(this.view, this.playback, this.scene);
    cancelAnimationFrame(this.frameRequest);
    clearInterval(this.timer);
    for (const { observer } of [this.transport, this.inspector.closeUp]) observer.disconnect();
    this.watcher.disconnect();
    this.keys.release();
    this.sliders?.remove();
    lessMotion.removeEventListener("change", this.heedMotion);
    this.narration.remove();
    for (const chart of this.linked) chart.remove();
    this.reel?.remove();
    this.detach();
    if (this.view && players()[this.view.key]?.head) delete players()[this.view.key];
  }
}
