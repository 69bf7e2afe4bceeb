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
  const redrawn =
    (act) =>
    (...given) => {
      act(...given);
      player.redraw();
    };
  return {
    play: redrawn(() => (playback.playing ? playback.pause() : playback.play())),
    forward: redrawn(() => playback.walk(Math.min(playback.end, playback.row + 1))),
    backward: redrawn(() => player.jump(Math.ceil(playback.position) - 1)),
    next: redrawn(() => playback.walk(playback.next())),
    previous: redrawn(() => player.jump(playback.previous())),
    seek: redrawn((row) => playback.seek(row)),
    speed: redrawn((speed) => {
      playback.speed = speed;
    }),
    loop: redrawn(() => {
      playback.loop = !playback.loop;
    }),
    pausing: redrawn(() => {
      playback.pausing = !playback.pausing;
    }),
    ghosts: redrawn(() => {
      player.dragging.ghosts = !player.dragging.ghosts;
    }),
    fullscreen: () => toggleFullscreen(player.root),
    toggle: redrawn((name) => player.toggle(name)),
    inspect: redrawn((run) => player.inspect(run)),
    inspectStart: redrawn((start) => player.inspectStart(start)),
    redraw: () => player.redraw(),
  };
}
