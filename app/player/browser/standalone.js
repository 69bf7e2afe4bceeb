// A player in a page of its own, without Streamlit and without a chart; see app/export/html.py.

const FLOW = { color: "rgba(105,122,150,.75)", width: 1.1, tip: 7 };

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
    flow: flow ? drawsFlow({ lines: flow.lines.map(unpackFloats), arrows: unpackFloats(flow.arrows) }) : null,
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

/** What draws streamlines: `lines` x, y, x, y, ... each; `arrows` where from and where to, four numbers each. */
const drawsFlow = ({ lines, arrows }) => (context, panel) => {
  Object.assign(context, { strokeStyle: FLOW.color, fillStyle: FLOW.color, lineWidth: FLOW.width });
  context.beginPath();
  for (const line of lines) {
    for (let at = 0; at < line.length; at += 2) {
      context[at ? "lineTo" : "moveTo"](...panel.place([line[at], line[at + 1]]));
    }
  }
  context.stroke();
  context.beginPath();
  for (let at = 0; at < arrows.length; at += 4) {
    const [tail, tip] = [panel.place(arrows.slice(at, at + 2)), panel.place(arrows.slice(at + 2, at + 4))];
    const angle = Math.atan2(tip[1] - tail[1], tip[0] - tail[0]);
    context.moveTo(...tip);
    for (const turn of [2.75, -2.75]) {
      context.lineTo(tip[0] + FLOW.tip * Math.cos(angle + turn), tip[1] + FLOW.tip * Math.sin(angle + turn));
    }
  }
  context.fill();
};
