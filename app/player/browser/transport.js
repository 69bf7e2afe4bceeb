// The bar of controls: buttons, scrubber, speed and switches. It forwards commands and shows the state.

import { contextOf, densityOf, partOf } from "./elements.js";
import { hasFullscreen } from "./fullscreen.js";
import { completedRow } from "./moment.js";
import { shortNumber } from "./numbers.js";
import { SPEEDS } from "./playback.js";
import { ink } from "./theme.js";

/** @import {Color, Commands} from "./types.d.ts" */
/** @import {Playback} from "./playback.js" */
/** @import {Run} from "./run.js" */
/** @typedef {Partial<Pick<Playback, "position" | "playing" | "pausing" | "loop" | "speed">> & {pixel?: number, row?: number}} Shown */

/** @type {Record<string, string>} */
const ICONS = {
  play: '<path d="M8 5.2v13.6c0 .8.9 1.3 1.6.8l10-6.8c.6-.4.6-1.2 0-1.6l-10-6.8C8.9 3.9 8 4.4 8 5.2z"/>',
  pause: '<rect x="6.5" y="5" width="4" height="14" rx="1.2"/><rect x="13.5" y="5" width="4" height="14" rx="1.2"/>',
  forward:
    '<rect x="15.6" y="6" width="2.6" height="12" rx="1"/><path d="M6 6.8v10.4c0 .6.7 1 1.2.6l6.6-5.2c.4-.3.4-.9 0-1.2L7.2 6.2C6.7 5.8 6 6.2 6 6.8z"/>',
  backward:
    '<rect x="5.8" y="6" width="2.6" height="12" rx="1"/><path d="M18 6.8v10.4c0 .6-.7 1-1.2.6l-6.6-5.2c-.4-.3-.4-.9 0-1.2l6.6-5.2c.5-.4 1.2 0 1.2.6z"/>',
  next: '<circle cx="18" cy="12" r="3.2"/><path class="line" d="M3 12h9m-3.5-4 4 4-4 4"/>',
  previous: '<circle cx="6" cy="12" r="3.2"/><path class="line" d="M21 12h-9m3.5-4-4 4 4 4"/>',
  loop: '<path class="line" d="M17 3.5l3 3-3 3M4 11.5v-1a4 4 0 0 1 4-4h12M7 20.5l-3-3 3-3M20 12.5v1a4 4 0 0 1-4 4H4"/>',
  fullscreen: '<path class="line" d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>',
  pausing: '<circle class="line" cx="12" cy="12" r="8.5"/><path class="line" d="M10 9v6M14 9v6"/>',
};

/** @param {string} name */
function icon(name) {
  return `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`;
}

/**
 * @param {string} name
 * @param {string} title
 * @param {string} [classes]
 */
function button(name, title, classes = "") {
  return `<button type="button" class="lp-button ${classes}" data-do="${name}" title="${title}" aria-label="${title}">
    ${icon(name)}</button>`;
}

/**
 * @param {string} name
 * @param {string} title
 * @param {string} text
 */
function toggle(name, title, text) {
  return `<button type="button" class="lp-toggle" data-do="${name}" aria-pressed="false" title="${title}">
    ${icon(name)}<span>${text}</span></button>`;
}

const OPTIONS = SPEEDS.map((speed) => `<option value="${speed}">${shortNumber(speed)}×</option>`).join("");
const TRANSPORT = `
  <div class="lp-buttons">
    ${button("previous", "Previous synchronisation (Shift + ←)")}
    ${button("backward", "One step back (←)")}
    ${button("play", "Play or pause (space)", "lp-play")}
    ${button("forward", "One step forward (→)")}
    ${button("next", "Next synchronisation (Shift + →)")}
  </div>
  <div class="lp-scrubber">
    <input type="range" min="0" step="1" value="0" aria-label="Base step">
    <canvas aria-hidden="true"></canvas><div class="lp-rail"><div class="lp-done"></div></div><div class="lp-thumb"></div>
  </div>
  <div class="lp-count"><b>0</b><span></span></div>
  <div class="lp-options">
    <label class="lp-speed" title="Speed"><span class="lp-hidden">Speed</span>
      <select>${OPTIONS}</select></label>
    ${toggle("pausing", "Pause at each synchronisation", "Pause at syncs")}
    ${toggle("loop", "Start again at the end", "Loop")}
    <button type="button" class="lp-toggle lp-ghosts" aria-pressed="true" hidden
      title="Tracks of neighbouring values behind a number that is dragged">Nearby</button>
    ${button("fullscreen", "Fullscreen (f)")}
  </div>`;

/** @type {("pausing" | "loop")[]} */
const TOGGLES = ["pausing", "loop"];
/** @type {("previous" | "backward" | "play" | "forward" | "next" | "fullscreen" | "pausing" | "loop")[]} */
const BUTTONS = ["previous", "backward", "play", "forward", "next", "fullscreen", ...TOGGLES];

export class Transport {
  /**
   * @param {HTMLElement} element
   * @param {Playback} playback
   * @param {Commands} commands
   */
  constructor(element, playback, commands) {
    element.innerHTML = TRANSPORT;
    this.element = element;
    this.playback = playback;
    /** @type {ArrayLike<number>} */
    this.steps = [0];
    /** @type {Shown} what the page shows by now */
    this.lastState = {};
    this.range = element.querySelector("input");
    this.done = partOf(element, ".lp-done");
    this.thumb = partOf(element, ".lp-thumb");
    this.canvas = element.querySelector("canvas");
    this.step = partOf(element, ".lp-count b");
    this.total = partOf(element, ".lp-count span");
    this.speed = element.querySelector("select");
    this.playButton = partOf(element, ".lp-play");
    this.toggles = TOGGLES.map((name) => partOf(element, `[data-do=${name}]`));
    for (const name of BUTTONS) partOf(element, `[data-do=${name}]`).onclick = commands[name];
    partOf(element, "[data-do=fullscreen]").hidden = !hasFullscreen();
    this.ghosts = partOf(element, ".lp-ghosts");
    this.ghosts.onclick = () => {
      commands.ghosts();
      this.ghosts.setAttribute("aria-pressed", String(this.ghosts.getAttribute("aria-pressed") !== "true"));
    };
    this.range.oninput = () => commands.seek(Number(this.range.value));
    this.speed.onchange = () => commands.speed(Number(this.speed.value));
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(partOf(element, ".lp-scrubber"));
  }

  /**
   * `steps` of the rows to scrub through; the ticks under the rail are the synchronisations of `run`.
   * @param {Run} run
   * @param {ArrayLike<number>} steps
   * @param {Color[]} inks
   */
  load(run, steps, inks) {
    this.range.max = String(this.playback.end);
    this.run = run;
    this.steps = steps;
    this.inks = inks;
    const last = steps[this.playback.end];
    this.total.textContent = ` / ${last}`;
    partOf(this.element, ".lp-count").style.setProperty("--digits", String(String(last).length));
    for (const name of [".lp-buttons", ".lp-scrubber"]) partOf(this.element, name).inert = !last; // nothing to play
    this.layout();
  }

  layout() {
    this.width = this.range.clientWidth - 16;
    this.lastState = {};
    this.paintTicks();
    this.show();
  }

  paintTicks() {
    const { canvas, run, width } = this;
    const density = densityOf();
    canvas.width = Math.max(1, Math.round((width + 16) * density));
    canvas.height = Math.round(14 * density);
    if (!run || width <= 0) return;
    const context = contextOf(canvas);
    context.setTransform(density, 0, 0, density, 0, 0);
    for (let row = 1; row < run.rows; row++) {
      const count = run.explains ? run.synchronised[row] : 0;
      const spacing = count ? (run.layers[count - 1].period * width) / Math.max(1, this.playback.end) : 0;
      if (spacing < 3) continue;
      context.fillStyle = ink(this.inks[count], count === run.depth ? 0.95 : 0.6);
      context.fillRect(8 + (width * row) / this.playback.end - 0.75, 0, 1.5, 4 + 3 * (count - 1));
    }
  }

  /**
   * Called every frame; updates the page only where something changed, and texts only if `words`.
   * @param {boolean} [words]
   */
  show(words = true) {
    const { playback, lastState } = this;
    const { position, playing } = playback;
    const share = playback.end ? position / playback.end : 0;
    const pixel = share * this.width;
    if (
      position !== lastState.position &&
      (!playing || Math.abs(pixel - lastState.pixel) >= 1 || lastState.pixel === undefined)
    ) {
      this.done.style.transform = `scaleX(${share})`;
      this.thumb.style.transform = `translateX(${pixel}px)`;
      lastState.position = position;
      lastState.pixel = pixel;
    }
    const row = playback.goal ?? completedRow(playback.moment);
    if (words && row !== lastState.row) this.showRow(row);
    if (playing !== lastState.playing) this.showPlaying(playing);
    for (const [index, name] of TOGGLES.entries()) {
      if (playback[name] !== lastState[name]) {
        lastState[name] = playback[name];
        this.toggles[index].setAttribute("aria-pressed", String(playback[name]));
      }
    }
    if (playback.speed !== lastState.speed) {
      lastState.speed = playback.speed;
      this.speed.value = String(playback.speed);
    }
  }

  /** @param {number} row */
  showRow(row) {
    this.lastState.row = row;
    const step = this.steps[row];
    this.step.textContent = String(step);
    this.range.value = String(row);
    if (!this.playback.playing) this.range.setAttribute("aria-valuetext", `step ${step}`);
  }

  /** @param {boolean} playing */
  showPlaying(playing) {
    this.lastState.playing = playing;
    const play = this.playButton;
    play.innerHTML = icon(playing ? "pause" : "play");
    play.setAttribute("aria-label", playing ? "Pause (space)" : "Play (space)");
  }
}
