// The player's own axes, for a page without a chart: panels side by side, a background (an image, or a field that is
// drawn as a shaded contour), ticks and labels.

const OWN_MARGIN = { left: 48, right: 12, top: 26, bottom: 38 };
const NARROW = 560; // px; below this, panels stand one above the other
const SHADES = 16;
const SLATE = [
  [70, 95, 135, 0.62],
  [150, 160, 175, 0.08],
]; // of the lowest and the highest place, laid over the page as on its charts

class OwnStage {
  /**
   * `background`: {extent: [left, right, bottom, top], image: an HTMLImageElement or null, field: {x, y, z} or null,
   * flow: what draws streamlines in place of the field's contour lines, (context, panel) => void, or null}.
   */
  constructor(host, runs, view, background, changed) {
    Object.assign(this, { host, runs, view, background, changed });
    host.hidden = false;
    this.ground = document.createElement("canvas");
    this.ground.style.cssText = "position:absolute;left:0;top:0";
    host.append(this.ground);
    this.layers = new Layers(host, null);
    this.extent = background?.extent ?? extentOf(runs);
    this.observer = new ResizeObserver(changed);
    this.observer.observe(host);
    this.measure();
  }

  get attached() {
    return this.layers.attached;
  }

  measure() {
    const width = this.host.clientWidth;
    const count = 1 + Math.max(0, ...this.runs.map((run) => run.panel));
    const columns = width < NARROW ? 1 : count;
    const [across, down] = [width / columns, Math.max(300, Math.min(560, (0.68 * width) / columns))];
    const height = Math.round(down * Math.ceil(count / columns));
    this.host.style.height = `${height}px`;
    this.panels = Array.from({ length: count }, (_, index) => {
      const [left, top] = [(index % columns) * across, Math.floor(index / columns) * down];
      return ownPanel(left, top, across, down, this.extent);
    });
    this.layers.cover(this.panels);
    Object.assign(this, { width, height });
    const signature = [width, height, this.layers.signature].join("|");
    const moved = signature !== this.signature;
    this.signature = signature;
    return moved;
  }

  /** What the close-up draws level lines of. */
  field() {
    return this.background?.flow ? null : (this.background?.field ?? null);
  }

  /** Draw what does not move. */
  paint(theme) {
    const {
      width,
      height,
      layers: { density },
    } = this;
    Object.assign(this.ground, { width: Math.round(width * density), height: Math.round(height * density) });
    this.ground.style.width = `${width}px`;
    const context = this.ground.getContext("2d");
    context.setTransform(density, 0, 0, density, 0, 0);
    this.panels.forEach((panel, index) => {
      context.save();
      panel.clip(context);
      this.paintBackground(context, panel, theme);
      context.restore();
      paintAxes(context, panel, theme, this.view.labels);
      const title = this.panels.length > 1 ? this.runs.find((run) => run.panel === index)?.name : "";
      const { offset, length } = panel.horizontal;
      if (title) paintText(context, title, offset + length / 2, panel.vertical.offset - 13, theme, 13, "center");
    });
  }

  paintBackground(context, panel, theme) {
    const { image, field, flow, extent } = this.background ?? {};
    const box = extent ?? this.extent;
    const [left, top] = panel.place([box[0], box[3]]);
    const [right, bottom] = panel.place([box[1], box[2]]);
    if (image) context.drawImage(image, left, top, right - left, bottom - top);
    if (!field) return;
    const [low, high] = SLATE.map(([red, green, blue, share]) => mixed(theme.background, [red, green, blue], share));
    context.drawImage(picture(field, low, high), left, top, right - left, bottom - top);
    if (flow) flow(context, panel);
    else drawContours(context, panel, field, SHADES, ink(theme.text, 0.13));
  }

  remove() {
    this.observer.disconnect();
    this.layers.remove();
    this.ground.remove();
    this.host.hidden = true;
  }
}

function ownPanel(left, top, width, height, [x0, x1, y0, y1]) {
  const { left: before, right: after, top: above, bottom: below } = OWN_MARGIN;
  return new Panel(
    new Axis(left + before, Math.max(10, width - before - after), [x0, x1]),
    new Axis(top + above, Math.max(10, height - above - below), [y0, y1], false, true),
  );
}

/** A box around the runs that stayed; of those that diverged, only their starts count, and a step where none stayed. */
function extentOf(runs) {
  const box = [Infinity, -Infinity, Infinity, -Infinity];
  const few = runs.every(({ diverged }) => diverged >= 0) ? 2 : 1;
  for (const run of runs) {
    const rows = run.diverged < 0 ? run.rows : Math.min(few, run.rows);
    for (let row = 0; row < rows; row++) {
      const [x, y] = run.weights(0, row);
      box[0] = Math.min(box[0], x);
      box[1] = Math.max(box[1], x);
      box[2] = Math.min(box[2], y);
      box[3] = Math.max(box[3], y);
    }
  }
  if (box[0] > box[1]) return [-1, 1, -1, 1];
  const pads = [box[1] - box[0], box[3] - box[2]].map((side) => 0.1 * side || 1);
  return [box[0] - pads[0], box[1] + pads[0], box[2] - pads[1], box[3] + pads[1]];
}

function paintAxes(context, panel, theme, labels) {
  const { horizontal, vertical } = panel;
  context.strokeStyle = ink(theme.text, 0.35);
  context.lineWidth = 1;
  context.strokeRect(horizontal.offset, vertical.offset, horizontal.length, vertical.length);
  const across = roundTicks(horizontal.range, horizontal.length / 80);
  for (const value of across.values) {
    paintText(context, fixed(value, across.decimals), panel.x(value), vertical.end + 12, theme, 11, "center");
  }
  const up = roundTicks(vertical.range, vertical.length / 50);
  for (const value of up.values) {
    paintText(context, fixed(value, up.decimals), horizontal.offset - 7, panel.y(value), theme, 11, "right");
  }
  paintText(context, labels[0], horizontal.offset + horizontal.length / 2, vertical.end + 28, theme, 12, "center");
  context.save();
  context.translate(horizontal.offset - 38, vertical.offset + vertical.length / 2);
  context.rotate(-Math.PI / 2);
  paintText(context, labels[1], 0, 0, theme, 12, "center");
  context.restore();
}

function paintText(context, text, x, y, theme, size, align) {
  context.font = `${size}px ${theme.font}`;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.fillStyle = ink(theme.text, 0.8);
  context.fillText(text, x, y);
}
