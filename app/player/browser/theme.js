// Colours of the page, and from an optimizer's one colour the inks of its fast and slow weights.

const probe = document.createElement("canvas").getContext("2d");

/** Any CSS colour as [red, green, blue]. */
function rgb(color) {
  probe.fillStyle = "#000";
  probe.fillStyle = color;
  const known = probe.fillStyle;
  if (known[0] === "#") return [1, 3, 5].map((at) => parseInt(known.slice(at, at + 2), 16));
  return known
    .match(/[\d.]+/g)
    .slice(0, 3)
    .map(Number);
}

function mixed(from, to, share) {
  return from.map((value, index) => Math.round(value + share * (to[index] - value)));
}

function ink(color, alpha = 1) {
  return `rgba(${color.join(",")},${alpha})`;
}

function readTheme(root) {
  const style = getComputedStyle(root);
  const [text, background] = [rgb(style.color), rgb(style.getPropertyValue("--lp-background").trim() || "#fff")];
  return { text, background, font: style.fontFamily, dark: background[0] + background[1] + background[2] < 384 };
}

/** One colour per layer, 0 being θ: the further out, the stronger against the page. */
function inksOf(run, theme) {
  const own = mixed(rgb(run.color), theme.text, theme.dark ? 0.18 : 0);
  return [own, ...run.layers.map((_, below) => mixed(own, theme.text, Math.min(0.6, 0.1 + 0.2 * below)))];
}

/** An ink strong enough for letters. */
function lettering(color, theme) {
  return ink(mixed(color, theme.text, theme.dark ? 0.45 : 0.22));
}
