// A note beside the pointer that describes a head.

import { escapeHtml } from "./elements.js";
import { symbolOf } from "./marks.js";
import { brief } from "./numbers.js";
import { ink } from "./theme.js";

/** @import {Head, Theme, PlayerView} from "./types.d.ts" */
/** @import {Scene} from "./scene.js" */

export class HeadNote {
  /**
   * @param {HTMLElement} host
   * @param {Theme} theme
   */
  constructor(host, theme) {
    this.element = document.createElement("div");
    this.element.style.cssText = `position:absolute;left:0;top:0;pointer-events:none;z-index:5;padding:4px 8px;
      border-radius:6px;font:12px/1.45 ${theme.font};white-space:nowrap;display:none;
      box-shadow:0 2px 8px rgba(0,0,0,.25)`;
    this.host = host;
    host.append(this.element);
  }

  /**
   * @param {Head} head
   * @param {Scene} scene
   * @param {PlayerView} view
   */
  show(head, scene, { labels, quantities }) {
    const { run, layer, weights, point } = head;
    const { theme } = scene;
    const kind =
      layer === "averaged" ? "averaged weights" : layer ? `slow weights ${symbolOf(layer)}` : "fast weights θ";
    const start = scene.runs.some((other) => other !== run && other.name === run.name)
      ? `, start ${run.start + 1}`
      : "";
    const loss = layer === "averaged" ? "" : `, ${quantities.value} ${brief(run.lossOf(layer, scene.row))}`;
    const places = weights.map((value, axis) => `${escapeHtml(labels[axis])} ${brief(value)}`).join(", ");
    this.element.innerHTML = `<b>${escapeHtml(run.name)}</b>${start}<br>${kind}<br>
      ${places}${loss}`;
    const { style } = this.element;
    Object.assign(style, { display: "block", color: ink(theme.text), background: ink(theme.background, 0.95) });
    style.border = `1px solid ${ink(scene.inks(run)[Number(layer) || 0])}`;
    const left = point[0] > this.host.clientWidth - 200 ? point[0] - this.element.offsetWidth - 14 : point[0] + 14;
    style.transform = `translate(${Math.max(2, left)}px,${Math.max(2, point[1] - this.element.offsetHeight - 10)}px)`;
  }

  hide() {
    this.element.style.display = "none";
  }

  remove() {
    this.element.remove();
  }
}
