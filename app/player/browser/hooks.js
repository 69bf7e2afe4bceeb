// The interface of a player for tests and scripts of a page.

import { ChartStage } from "./chart_stage.js";
import { ink, inksOf } from "./theme.js";

/** @import {HeadColors, Hooks, LayerName, Point} from "./types.d.ts" */
/** @import {Player} from "./player.js" */
/** @import {Scene} from "./scene.js" */

/**
 * The player's public face, at window.__lookaheadPlayers[key]. Rows count from 0, the start; places are in page pixels.
 * @param {Player} player
 * @returns {Hooks}
 */
export function hooksOf(player) {
  const { playback, scene } = player;
  return {
    get step() {
      return player.steps[playback.row];
    },
    get row() {
      return playback.row;
    },
    get position() {
      return playback.position;
    },
    get playing() {
      return playback.playing;
    },
    get attached() {
      return Boolean(player.stage?.attached);
    },
    get overChart() {
      return player.stage instanceof ChartStage;
    },
    /** {count, milliseconds, worst}: frames drawn, and the main thread's time for them. */
    get frames() {
      return { ...player.frames };
    },
    get inspected() {
      return scene.inspected?.id;
    },
    /** The heads drawn last, for another picture of the same moment. */
    get heads() {
      return headsAsDrawn(scene);
    },
    /** The arrow at a dragged start, from and to, in pixels of the chart. */
    get slope() {
      return scene.heldStart ? scene.slope : null;
    },
    family(bytes) {
      player.dragging.receive(bytes);
    },
    play() {
      playback.play();
      player.redraw();
    },
    pause() {
      playback.pause();
      player.redraw();
    },
    seek(row) {
      player.jump(row);
      player.redraw();
    },
    head: (name, layer = 0, start = 0) => headOnPage(player, name, layer, start),
  };
}

/**
 * @param {Scene} scene
 * @returns {HeadColors[]}
 */
function headsAsDrawn(scene) {
  const halo = ink(scene.theme.background, 0.9);
  return scene.heads.map(({ run, layer, weights }) => {
    const inks = scene.inks(run) ?? inksOf(run, scene.theme);
    const color = layer === "averaged" ? inks[0] : inks[layer];
    return { name: run.name, layer, weights, halo, color: ink(color) };
  });
}

/**
 * @param {Player} player
 * @param {string} name
 * @param {LayerName} layer
 * @param {number} start
 * @returns {?Point}
 */
function headOnPage({ scene, stage }, name, layer, start) {
  const head = scene.heads.find(({ run, layer: own }) => run.name === name && run.start === start && own === layer);
  if (!head) return null;
  const box = stage.host.getBoundingClientRect();
  return [box.left + head.point[0], box.top + head.point[1]];
}
