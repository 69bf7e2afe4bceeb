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
      canvas.style.cssText = "position:absolute;left:0;top:0;pointer-events:none";
      host.insertBefore(canvas, before);
      return canvas;
    });
    NAMES.forEach((name, index) => (this[name] = this.canvases[index].getContext("2d")));
  }

  get attached() {
    return this.canvases.every((canvas) => canvas.isConnected);
  }

  /** Size in CSS pixels; setting it clears the canvases. */
  resize(width, height) {
    const density = Math.min(2, window.devicePixelRatio || 1);
    if (this.width === width && this.height === height && this.density === density) return;
    Object.assign(this, { width, height, density });
    this.canvases.forEach((canvas) => {
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    });
    for (const name of NAMES) this[name].setTransform(density, 0, 0, density, 0, 0);
  }

  clear(...names) {
    for (const name of names) this[name].clearRect(0, 0, this.width, this.height);
  }

  remove() {
    for (const canvas of this.canvases) canvas.remove();
  }
}
