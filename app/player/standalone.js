// A player in a page of its own, without Streamlit and without a chart; see app/export/html.py.

/**
 * `bytes`: base64 of pack.py's bytes.   `extent`: [left, right, bottom, top] of the axes, or null for the tracks' own.
 * `image`: a data URL to draw over the extent, or null.
 * `field`: {columns, rows, values} to shade and contour, values being base64 of 16-bit numbers, or null.
 * `flow`: {lines, arrows} to draw in place of contours, base64 of 32-bit numbers each, or null.
 */
async function stand(root, { bytes, extent, image, field, flow }) {
  const picture = image ? await loaded(image) : null;
  const player = new Player(root, {
    extent,
    image: picture,
    field: field ? unpackField(field, extent) : null,
    flow: flow ? { lines: flow.lines.map(unpackFloats), arrows: unpackFloats(flow.arrows) } : null,
  });
  const show = () => player.receive(unbase64(bytes), null);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
  return player;
}

async function loaded(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

function unbase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function unpackFloats(text) {
  return new Float32Array(unbase64(text).buffer);
}

function unpackField({ columns, rows, values }, [left, right, bottom, top]) {
  const numbers = new Uint16Array(unbase64(values).buffer);
  const spread = (low, high, count) => Array.from({ length: count }, (_, i) => low + (i * (high - low)) / (count - 1));
  const z = Array.from({ length: rows }, (_, row) => Array.from(numbers.subarray(row * columns, (row + 1) * columns)));
  return { x: spread(left, right, columns), y: spread(bottom, top, rows), z };
}
