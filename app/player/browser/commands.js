// The commands of controls and keys.

import { toggleFullscreen } from "./fullscreen.js";

/** @import {Commands} from "./types.d.ts" */
/** @import {Player} from "./player.js" */

/**
 * @param {Player} player
 * @returns {Commands}
 */
export function commandsOf(player) {
  const { playback } = player;
  /**
   * @template {unknown[]} Given
   * @param {(...given: Given) => void} act
   * @returns {(...given: Given) => void}
   */
  const thenRedraw =
    (act) =>
    (...parameters) => {
      act(...parameters);
      player.redraw();
    };
  return {
    play: thenRedraw(() => (playback.playing ? playback.pause() : playback.play())),
    forward: thenRedraw(() => playback.walk(Math.min(playback.end, playback.row + 1))),
    backward: thenRedraw(() => player.jump(Math.ceil(playback.position) - 1)),
    next: thenRedraw(() => playback.walk(playback.next())),
    previous: thenRedraw(() => player.jump(playback.previous())),
    seek: thenRedraw((row) => playback.seek(row)),
    speed: thenRedraw((speed) => {
      playback.speed = speed;
    }),
    loop: thenRedraw(() => {
      playback.loop = !playback.loop;
    }),
    pausing: thenRedraw(() => {
      playback.pausing = !playback.pausing;
    }),
    ghosts: thenRedraw(() => {
      player.dragging.ghosts = !player.dragging.ghosts;
    }),
    fullscreen: () => toggleFullscreen(player.root),
    toggle: thenRedraw((name) => player.toggle(name)),
    inspect: thenRedraw((run) => player.inspect(run)),
    inspectStart: thenRedraw((start) => player.inspectStart(start)),
    redraw: () => player.redraw(),
  };
}
