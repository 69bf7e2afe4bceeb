// A surface as a grid of values {x, y, z: rows of numbers}: its value anywhere, its contour lines and its picture.

function locate(places, value) {
  let [low, high] = [0, places.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (places[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return [low, (value - places[low]) / (places[low + 1] - places[low])];
}

/** Bilinear value of a field; NaN outside its grid. */
function sample({ x, y, z }, atX, atY) {
  const [column, right] = locate(x, atX);
  const [row, up] = locate(y, atY);
  if (right < 0 || right > 1 || up < 0 || up > 1) return NaN;
  const [lower, upper] = [z[row], z[row + 1]];
  const below = lower[column] + right * (lower[column + 1] - lower[column]);
  return below + up * (upper[column] + right * (upper[column + 1] - upper[column]) - below);
}

/** The part of a field inside a panel, sampled on a regular grid. */
function resample(field, panel, columns, rows) {
  const spread = ([low, high], count) => Array.from({ length: count }, (_, i) => low + (i * (high - low)) / (count - 1));
  const x = spread(panel.horizontal.range, columns);
  const y = spread(panel.vertical.range, rows);
  return { x, y, z: y.map((atY) => x.map((atX) => sample(field, atX, atY))) };
}

function rangeOf({ z }) {
  let [low, high] = [Infinity, -Infinity];
  for (const row of z) {
    for (const value of row) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

/** Add a field's contour lines at `level` to the current path (marching squares). */
function contour(context, panel, { x, y, z }, level) {
  for (let row = 0; row + 1 < y.length; row++) {
    for (let column = 0; column + 1 < x.length; column++) {
      const corners = [
        [column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1],
      ].map(([i, j]) => [panel.x(x[i]), panel.y(y[j]), z[j][i] - level]);
      cell(context, corners);
    }
  }
}

function cell(context, corners) {
  const crossings = [];
  for (let side = 0; side < 4; side++) {
    const [a, b] = [corners[side], corners[(side + 1) % 4]];
    if (a[2] < 0 !== b[2] < 0) {
      const share = a[2] / (a[2] - b[2]);
      crossings.push([a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]);
    }
  }
  for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
    context.moveTo(...crossings[pair]);
    context.lineTo(...crossings[pair + 1]);
  }
}

function drawContours(context, panel, field, levels, color) {
  const [low, high] = rangeOf(field);
  if (!(high > low)) return;
  context.beginPath();
  for (let index = 1; index <= levels; index++) contour(context, panel, field, low + ((high - low) * index) / (levels + 1));
  context.lineWidth = 1;
  context.strokeStyle = color;
  context.stroke();
}

/** A field as a small image, from `lowColor` to `highColor`, one pixel for each value. */
function picture({ x, y, z }, lowColor, highColor) {
  const canvas = Object.assign(document.createElement("canvas"), { width: x.length, height: y.length });
  const context = canvas.getContext("2d");
  const image = context.createImageData(x.length, y.length);
  const [low, high] = rangeOf({ z });
  z.forEach((values, row) => {
    values.forEach((value, column) => {
      const color = mixed(lowColor, highColor, (value - low) / (high - low || 1));
      image.data.set([...color, 255], 4 * ((y.length - 1 - row) * x.length + column));
    });
  });
  context.putImageData(image, 0, 0);
  return canvas;
}
