// The vocabulary of the drawing: one line style and one shape per layer, arrows, and labels that stay legible anywhere.

const LINE_WIDTHS = [1.4, 2.6, 3.2, 3.8, 4.4];
const DASHES = [[], [8, 3], [12, 3, 3, 3], [3, 3], [16, 5]];
const GHOST_DASH = [1.5, 3];
const AVERAGE_DASH = [2, 2, 6, 2];
const HEAD_RADII = [4, 6.6, 8.8, 10.2, 10.8];
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const FAR = 20000; // px; beyond this a canvas loses precision

function styleOf(list, layer) {
  return list[Math.min(layer, list.length - 1)];
}

function symbolOf(layer) {
  return layer ? `φ${SUBSCRIPTS[layer]}` : "θ";
}

/** Outline of a layer's shape: circle θ, square φ₁, diamond φ₂, triangle φ₃, star φ₄. */
function shape(context, layer, x, y, radius) {
  context.beginPath();
  if (layer === 0) {
    context.arc(x, y, radius, 0, 7);
  } else if (layer === 1) {
    context.rect(x - 0.88 * radius, y - 0.88 * radius, 1.76 * radius, 1.76 * radius);
  } else {
    polygon(context, layer, x, y, radius);
  }
}

function polygon(context, layer, x, y, radius) {
  const corners = [4, 3, 10][Math.min(layer, 4) - 2];
  const reach = [1.25, 1.35, 1.35][Math.min(layer, 4) - 2] * radius;
  for (let corner = 0; corner < corners; corner++) {
    const angle = (2 * Math.PI * corner) / corners - Math.PI / 2;
    const far = corners === 10 && corner % 2 ? 0.45 * reach : reach;
    context.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
  }
  context.closePath();
}

function head(context, layer, [x, y], radius, color, halo) {
  shape(context, layer, x, y, radius);
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = halo;
  context.stroke();
  context.fillStyle = color;
  context.fill();
}

function hollow(context, layer, [x, y], radius, color, halo) {
  shape(context, layer, x, y, radius);
  context.fillStyle = halo;
  context.fill();
  context.lineWidth = 1.4;
  context.strokeStyle = color;
  context.stroke();
}

function line(context, from, to) {
  context.beginPath();
  context.moveTo(near(from[0]), near(from[1]));
  extend(context, ...from, ...to);
  context.stroke();
}

/** A line with a filled tip; shorter than its tip, it is not drawn. */
function arrow(context, from, to, tip) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  if (length < tip) return;
  const [ux, uy] = [dx / length, dy / length];
  const [bx, by] = [to[0] - tip * ux, to[1] - tip * uy];
  line(context, from, [bx, by]);
  context.beginPath();
  context.moveTo(to[0], to[1]);
  context.lineTo(bx - 0.5 * tip * uy, by + 0.5 * tip * ux);
  context.lineTo(bx + 0.5 * tip * uy, by - 0.5 * tip * ux);
  context.closePath();
  context.fillStyle = context.strokeStyle;
  context.fill();
}

function cross(context, [x, y], reach, color, halo) {
  context.beginPath();
  context.moveTo(x - reach, y - reach);
  context.lineTo(x + reach, y + reach);
  context.moveTo(x + reach, y - reach);
  context.lineTo(x - reach, y + reach);
  context.lineCap = "round";
  for (const [width, paint] of [
    [6, halo],
    [2.6, color],
  ]) {
    context.lineWidth = width;
    context.strokeStyle = paint;
    context.stroke();
  }
  context.lineCap = "butt";
}

const sprites = new Map();
const MOST_SPRITES = 200;

/** Text with a halo. Drawing text is slow, so each label is drawn once and then copied. */
function label(context, text, [x, y], color, halo, font, size = 13, align = "left") {
  const { canvas, width, height, density } = spriteOf(text, color, halo, font, size);
  const left = { left: x - 4, center: x - width / 2, right: x - width + 4 }[align];
  const snap = (pixel) => Math.round(pixel * density) / density;
  context.drawImage(canvas, snap(left), snap(y - height / 2), width, height);
}

function spriteOf(text, color, halo, font, size) {
  const key = [text, color, halo, font, size].join("|");
  if (sprites.size > MOST_SPRITES) sprites.clear();
  if (!sprites.has(key)) sprites.set(key, sprite(text, color, halo, font, size));
  return sprites.get(key);
}

function sprite(text, color, halo, font, size) {
  const density = Math.min(2, window.devicePixelRatio || 1);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const style = `600 ${size}px ${font}`;
  context.font = style;
  const [width, height] = [Math.ceil(context.measureText(text).width) + 8, Math.ceil(1.7 * size)];
  Object.assign(canvas, { width: width * density, height: height * density });
  context.scale(density, density);
  Object.assign(context, { font: style, textBaseline: "middle", lineJoin: "round", lineWidth: 4 });
  Object.assign(context, { strokeStyle: halo, fillStyle: color });
  context.strokeText(text, 4, height / 2);
  context.fillText(text, 4, height / 2);
  return { canvas, width, height, density };
}

/** Add points of rows from..to to the current path, shortening segments that run far off the canvas. */
function trace(context, panel, points, from, to) {
  let [x, y] = [panel.x(points.x[from]), panel.y(points.y[from])];
  context.moveTo(near(x), near(y));
  for (let row = from + 1; row <= to; row++) {
    const [nextX, nextY] = [panel.x(points.x[row]), panel.y(points.y[row])];
    extend(context, x, y, nextX, nextY);
    x = nextX;
    y = nextY;
  }
}

function extend(context, x, y, nextX, nextY) {
  const reach = Math.max(Math.abs(nextX), Math.abs(nextY));
  if (reach < FAR || Math.max(Math.abs(x), Math.abs(y)) > FAR) {
    context.lineTo(near(nextX), near(nextY));
  } else {
    const share = FAR / reach;
    context.lineTo(x + share * (nextX - x), y + share * (nextY - y));
  }
}

function near(pixel) {
  return Math.max(-FAR, Math.min(FAR, pixel));
}
