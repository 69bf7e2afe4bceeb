// The three canvases over a chart: pale casings, trails (both only ever added to while playing forward), and the scene,
// which is drawn anew each frame.

const NAMES = ["casing", "trail", "scene"];

class Layers {
  /** Canvases as children of `host`, before the child `before` (null: at the end). */
  constructor(host, before) {
    this.host = host;
    this.canvases = NAMES.map((name) => {
      const canvas = document.createElement("canvas");
      canvas.className = `lookahead-${name}`;
      canvas.style.cssText = "position:absolute;pointer-events:none";
      host.insertBefore(canvas, before);
      return canvas;
    });
    NAMES.forEach((name, index) => (this[name] = this.canvases[index].getContext("2d")));
  }

  get attached() {
    return this.canvases.every((canvas) => canvas.isConnected);
  }

  /** Cover the panels and no more, in CSS pixels of the host; contexts keep the host's coordinates. Clears everything. */
  cover(panels) {
    const density = Math.min(2, window.devicePixelRatio || 1);
    const [left, top, right, bottom] = boundsOfPanels(panels);
    const box = [left, top, right - left, bottom - top];
    if (`${box}|${density}` === this.signature) return;
    Object.assign(this, { box, density, signature: `${box}|${density}` });
    for (const canvas of this.canvases) {
      canvas.width = (right - left) * density;
      canvas.height = (bottom - top) * density;
      const { style } = canvas;
      [style.left, style.top, style.width, style.height] = box.map((length) => `${length}px`);
    }
    for (const name of NAMES) this[name].setTransform(density, 0, 0, density, -left * density, -top * density);
  }

  clear(...names) {
    for (const name of names) this[name].clearRect(...this.box);
  }

  remove() {
    for (const canvas of this.canvases) canvas.remove();
  }
}

function boundsOfPanels(panels) {
  const axes = (name) => panels.map((panel) => panel[name]);
  const first = (name) => Math.floor(Math.min(...axes(name).map(({ offset }) => offset)));
  const last = (name) => Math.ceil(Math.max(...axes(name).map(({ end }) => end)));
  return [first("horizontal"), first("vertical"), last("horizontal"), last("vertical")];
}
