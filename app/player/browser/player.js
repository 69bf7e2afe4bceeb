// One player: its playback, its scene over a chart (or over its own axes), its controls; and the component around it.

const PATIENCE = 2500; // ms to wait for a sign of the chart before drawing axes of our own
const HURRIED = 12; // rows a second, beyond which nobody reads along
const WORDS_EVERY = 100; // ms between two changes of the text while hurried
const REMEMBERED = 5000; // ms for which a player that was taken off the page comes back as it was
const players = (window.__lookaheadPlayers ??= {});
const memories = new Map();
const lessMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

const FRAME = `<style>${STYLE}</style>
  <div class="lp-surface" hidden></div>
  <div class="lp-transport" role="group" aria-label="Playback"></div>
  <div class="lp-legend" role="group" aria-label="Optimizers and layers"></div>
  <div class="lp-inspector" role="group" aria-label="Step inspector"></div>`;

class Player {
  constructor(root, background = null) {
    root.innerHTML = FRAME;
    Object.assign(this, { root, background, started: performance.now(), worded: 0, scene: new Scene(), linked: [] });
    const part = (name) => root.querySelector(`.lp-${name}`);
    const wishes = this.wishes();
    this.playback = new Playback();
    this.transport = new Transport(part("transport"), this.playback, wishes);
    this.legend = new Legend(part("legend"), wishes);
    this.inspector = new Inspector(part("inspector"), wishes);
    this.keys = watchKeys(root, wishes);
    this.surface = part("surface");
    this.frames = { count: 0, milliseconds: 0, worst: 0 };
    this.tick = (now) => this.frame(now);
    this.moved = () => {
      this.outdated = true;
      this.redraw();
    };
    this.watcher = new MutationObserver(() => this.attach());
    this.watcher.observe(document.body, { childList: true, subtree: true });
    this.timer = setInterval(() => this.attach(), 300);
    this.heedMotion = () => this.setStill(lessMotion.matches);
    lessMotion.addEventListener("change", this.heedMotion);
    this.setStill(lessMotion.matches);
  }

  /** What the controls may ask for. */
  wishes() {
    const changed =
      (act) =>
      (...given) => {
        act(...given);
        this.redraw();
      };
    const playback = () => this.playback;
    return {
      play: changed(() => (playback().playing ? playback().pause() : playback().play())),
      forward: changed(() => playback().walk(Math.min(playback().end, playback().row + 1))),
      backward: changed(() => this.jump(Math.ceil(playback().position) - 1)),
      next: changed(() => playback().walk(playback().next())),
      previous: changed(() => this.jump(playback().previous())),
      seek: changed((row) => playback().seek(row)),
      speed: changed((speed) => (playback().speed = speed)),
      loop: changed(() => (playback().loop = !playback().loop)),
      pausing: changed(() => (playback().pausing = !playback().pausing)),
      toggle: changed((name) => this.toggle(name)),
      inspect: changed((run) => this.inspect(run)),
      inspectStart: changed((start) => this.inspectStart(start)),
      redraw: () => this.redraw(),
    };
  }

  jump(row) {
    this.playback.pause();
    this.playback.seek(row);
  }

  setStill(still) {
    this.playback.still = still;
    if (still) this.playback.pause();
  }

  /** New data, or the old under a new theme. */
  receive(bytes, pick) {
    this.pick = pick;
    const { theme } = this.scene;
    const themed = readTheme(this.root);
    const same = this.bytes && sameBytes(this.bytes, bytes);
    if (same && JSON.stringify(theme) === JSON.stringify(themed)) return;
    if (!same) this.load(bytes.slice());
    this.dress(themed);
  }

  load(bytes) {
    this.bytes = bytes;
    const { view, runs } = unpack(bytes);
    const first = !this.view;
    const other = this.view && this.view.scene !== view.scene;
    if (this.view?.chart !== view.chart) this.detach();
    Object.assign(this, { view, runs });
    players[view.key] = hooksOf(this);
    this.link(view.linked);
    if (first) this.recall(view);
    if (other) this.startOver();
    const { inspected } = this.scene;
    const richest = [...runs].sort((a, b) => b.depth - a.depth || a.start - b.start)[0];
    const again = runs.find(({ id }) => id === inspected?.id) ?? runs.find(({ name }) => name === inspected?.name);
    this.scene.minima = view.minima;
    this.root.classList.toggle("lp-light", runs.some(({ cloud }) => cloud));
    this.scene.inspected = again ?? richest ?? null;
    this.setRows();
    if (other || (first && !memories.has(view.key))) this.choosePace();
  }

  /** Another scene: from its start, with its richest run inspected. */
  startOver() {
    this.playback.pause();
    this.playback.seek(0);
    this.scene.inspected = null;
  }

  /** Colours first, then everything that is drawn in them. */
  dress(theme) {
    this.scene.show(this.runs, theme);
    this.legend.load(this.scene);
    this.inspectAgain();
    if (this.stage instanceof OwnStage)
      this.detach(); // its extent and panels follow the data
    else if (this.stage) this.scene.place(this.stage);
    this.attach();
    this.redraw();
  }

  /** A speed at which the whole takes at most a minute. */
  choosePace() {
    const { playback } = this;
    const slow = SPEEDS.filter((speed) => speed >= 1);
    playback.speed = slow.find((speed) => playback.duration(speed) <= 60) ?? slow[slow.length - 1];
    if (this.view.autoplay && !lessMotion.matches) playback.play();
  }

  recall({ key, scene }) {
    const memory = memories.get(key);
    const known = memory && memory.scene === scene && performance.now() - memory.at <= REMEMBERED;
    if (!known) return memories.delete(key);
    const { position, playing, speed, loop, pausing, hidden, inspected } = memory;
    Object.assign(this.playback, { position, playing, speed, loop, pausing });
    return Object.assign(this.scene, { hidden, inspected });
  }

  remember() {
    const { position, playing, speed, loop, pausing } = this.playback;
    const { hidden, inspected } = this.scene;
    const [at, { key, scene }] = [performance.now(), this.view];
    memories.set(key, { scene, position, playing, speed, loop, pausing, hidden, inspected, at });
  }

  /** Which rows there are, their base steps, and at which of them something synchronises. */
  setRows() {
    const { inspected } = this.scene;
    const longest = this.runs.reduce((found, run) => (run.rows > found.rows ? run : found), inspected);
    const seen = this.runs.filter((run) => run.explains && this.scene.anyShown(run));
    const synchronising = new Uint8Array(longest?.rows ?? 1);
    this.steps = longest?.step ?? [0];
    for (const run of seen)
      run.synchronised.forEach((count, row) => (synchronising[row] = Math.max(count, synchronising[row])));
    const stops = synchronising.slice(); // the inspected run's, and the others' when it has ended
    if (seen.includes(inspected)) stops.set(inspected.synchronised.subarray(0, inspected.final + 1));
    this.playback.load(synchronising.length, synchronising, stops);
  }

  toggle(name) {
    const { hidden } = this.scene;
    if (!hidden.delete(name)) hidden.add(name);
    this.scene.trails?.reset();
    this.legend.mark(this.scene);
    this.setRows();
  }

  inspect(run) {
    if (run === this.scene.inspected) return;
    this.scene.inspected = run;
    this.legend.mark(this.scene);
    this.setRows();
    this.inspectAgain();
  }

  inspectAgain() {
    const { inspected } = this.scene;
    if (!inspected) return;
    const inks = this.scene.inks(inspected);
    this.inspector.load(
      inspected,
      this.runs.filter(({ name }) => name === inspected.name),
      inks,
      this.scene.theme,
      this.view,
    );
    this.transport.load(inspected, this.steps, this.scene.theme, inks);
  }

  inspectStart(start) {
    const { name } = this.scene.inspected;
    this.inspect(this.runs.find((run) => run.name === name && run.start === start));
  }

  /** Find the chart, or lay out axes of our own; called whenever the page changed. */
  attach() {
    if (!this.view) return;
    for (const chart of this.linked) if (!chart.attached) chart.attach();
    if (this.stage?.attached && !(this.stage instanceof OwnStage && this.view.chart && findChart(this.view.chart)))
      return;
    this.detach();
    const stage = ChartStage.at(this.view.chart, this.moved) ?? this.ownStage();
    if (!stage) return;
    this.stage = stage;
    this.scene.place(stage);
    stage.paint?.(this.scene.theme);
    this.hover = new Hover(stage.host, this.scene.theme);
    this.unwatch = watchPointer(
      stage,
      (spot) => this.point(spot),
      (spot) => this.press(spot),
    );
    this.redraw();
  }

  ownStage() {
    const coming = placeOfKey(this.view.chart) || performance.now() - this.started < PATIENCE;
    const waiting = this.view.chart && coming;
    return waiting ? null : new OwnStage(this.surface, this.runs, this.view, this.background, this.moved);
  }

  detach() {
    this.unwatch?.();
    this.hover?.remove();
    this.stage?.remove();
    this.stage = null;
  }

  link(keys) {
    for (const chart of this.linked) chart.remove();
    this.linked = keys.map((key) => new LinkedChart(key));
    for (const chart of this.linked) chart.attach();
  }

  /** The chart was drawn again: follow its axes. */
  remeasure() {
    this.outdated = false;
    if (!this.stage?.attached) this.attach();
    else if (this.stage.measure()) {
      this.scene.remeasured();
      this.stage.paint?.(this.scene.theme);
    }
  }

  point(spot) {
    const head = spot && this.scene.headAt(spot.point);
    if (head) this.hover.show(head, this.scene, this.view);
    else this.hover.hide();
  }

  press(spot) {
    this.keys.claim();
    const head = this.scene.headAt(spot.point);
    if (head) {
      this.inspect(head.run);
      this.redraw();
    } else if (this.view.pickable && this.pick) {
      const [x, y] = this.stage.panels[spot.panel].value(spot.point);
      this.clicks = (this.clicks ?? 0) + 1;
      this.pick({ x, y, panel: spot.panel, n: this.clicks });
    }
  }

  redraw() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(this.tick);
  }

  frame(now) {
    this.asked = 0;
    if (!this.root.isConnected) return;
    const began = performance.now();
    const passed = this.last ? Math.min(0.1, (now - this.last) / 1000) : 0;
    if (this.outdated) this.remeasure();
    const ready = Boolean(this.stage);
    const moving = ready && this.playback.moving && this.playback.advance(passed);
    this.last = moving ? now : 0;
    this.render(moving && this.playback.playing && this.playback.speed * ROWS_PER_SECOND > HURRIED);
    this.count(performance.now() - began);
    if (moving) this.redraw();
  }

  /** Draw everything; when hurried, what is beside the surface takes turns, and words wait a little. */
  render(hurried) {
    const { scene, playback } = this;
    const { moment } = playback;
    const words = !hurried || performance.now() - this.worded > WORDS_EVERY;
    if (words) this.worded = performance.now();
    this.transport.show(words);
    const [odd, even] = hurried && !words ? [this.frames.count % 2, 1 - (this.frames.count % 2)] : [1, 1];
    if (odd) this.legend.show(scene, moment, words);
    if (!this.stage) return;
    scene.draw(moment);
    if (even && scene.inspected) this.inspector.show(scene, moment, words, playback.playing);
    const lines = odd && this.linked.length ? cursorLines(scene, moment.row) : null;
    if (lines) for (const chart of this.linked) chart.show(lines);
  }

  count(milliseconds) {
    this.frames.count += 1;
    this.frames.milliseconds += milliseconds;
    this.frames.worst = Math.max(this.frames.worst, milliseconds);
  }

  remove() {
    if (this.view) this.remember();
    cancelAnimationFrame(this.asked);
    clearInterval(this.timer);
    for (const { observer } of [this.transport, this.inspector.closeUp]) observer.disconnect();
    this.watcher.disconnect();
    this.keys.release();
    lessMotion.removeEventListener("change", this.heedMotion);
    for (const chart of this.linked) chart.remove();
    this.detach();
    if (this.view && players[this.view.key]?.head) delete players[this.view.key];
  }
}

function sameBytes(one, other) {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
