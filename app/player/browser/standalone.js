// A player in a page of its own, without Streamlit and without a chart; see app/draw/player_page.py.

import { unpackHeights } from "./heights.js";
import { FLOW } from "./look.js";
import { Player } from "./player.js";
import { unbase64 } from "./unpack.js";

/** @import {Content, Context, PackedFlow} from "./types.d.ts" */
/** @import {Panel} from "./axes.js" */

/**
 * Open a player in a page of its own.
 * @param {HTMLElement} root
 * @param {Content} content
 */
export async function openPlayer(root, { bytes, extent, image, heights, flow, family }) {
  const picture = image ? await loadImage(image) : null;
  const player = new Player(root, {
    extent,
    image: picture,
    heights: heights ? unpackHeights(heights, extent) : null,
    flow: flow ? unpackFlow(flow) : null,
  });
  const show = () => player.receive(unbase64(bytes), null);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
  if (family) {
    await player.dragging.receive(unbase64(family));
  }
  return player;
}

/** @param {string} address */
async function loadImage(address) {
  const image = Object.assign(new Image(), { src: address });
  await image.decode();
  return image;
}

/** @param {string} text */
function unpackFloats(text) {
  return new Float32Array(unbase64(text).buffer);
}

/** @param {PackedFlow} flow */
function unpackFlow(flow) {
  const lines = flow.lines.map(unpackFloats);
  const arrows = unpackFloats(flow.arrows);
  return (/** @type {Context} */ context, /** @type {Panel} */ panel) => drawFlow(context, panel, lines, arrows);
}

/**
 * Draw streamlines: `lines` x, y, x, y, ... each; `arrows` where from and where to, four numbers each.
 * @param {Context} context
 * @param {Panel} panel
 * @param {Float32Array[]} lines
 * @param {Float32Array} arrows
 */
function drawFlow(context, panel, lines, arrows) {
  context.strokeStyle = FLOW.color;
  context.fillStyle = FLOW.color;
  context.lineWidth = FLOW.width;
  context.beginPath();
  for (const line of lines) {
    for (let at = 0; at < line.length; at += 2) {
      const [x, y] = panel.place([line[at], line[at + 1]]);
      if (at) context.lineTo(x, y);
      else context.moveTo(x, y);
    }
  }
  context.stroke();
  context.beginPath();
  for (let at = 0; at < arrows.length; at += 4) {
    const tail = panel.place([arrows[at], arrows[at + 1]]);
    const tip = panel.place([arrows[at + 2], arrows[at + 3]]);
    const angle = Math.atan2(tip[1] - tail[1], tip[0] - tail[0]);
    context.moveTo(...tip);
    for (const turn of [2.75, -2.75]) {
      context.lineTo(tip[0] + FLOW.tip * Math.cos(angle + turn), tip[1] + FLOW.tip * Math.sin(angle + turn));
    }
  }
  context.fill();
}
