// Where players meet the page: what Streamlit calls, and what tests and a page's own scripts may ask of a player.

/** The player's public face, at window.__lookaheadPlayers[key]. Rows count from 0, the start; places are in page pixels. */
function hooksOf(player) {
  const { playback, scene } = player;
  const then =
    (act) =>
    (...given) => {
      act(...given);
      player.redraw();
    };
  return {
    get step() {
      return player.steps[playback.row];
    },
    get row() {
      return playback.row;
    },
    get position() {
      return playback.position;
    },
    get playing() {
      return playback.playing;
    },
    get attached() {
      return Boolean(player.stage?.attached);
    },
    get overChart() {
      return player.stage instanceof ChartStage;
    },
    /** {count, milliseconds, worst}: frames drawn, and the main thread's time for them. */
    get frames() {
      return { ...player.frames };
    },
    get inspected() {
      return scene.inspected?.id;
    },
    /** The heads drawn last, for another picture of the same moment. */
    get heads() {
      return headsAsDrawn(scene);
    },
    play: then(() => playback.play()),
    pause: then(() => playback.pause()),
    seek: then((row) => player.jump(row)),
    head: (name, layer = 0, start = 0) => headOnPage(player, name, layer, start),
  };
}

function headsAsDrawn(scene) {
  const halo = ink(scene.theme.background, 0.9);
  return scene.heads.map(({ run, layer, weights }) => {
    const inks = scene.inks(run) ?? inksOf(run, scene.theme);
    return { name: run.name, layer, weights, halo, color: ink(inks[layer] ?? inks[0]) };
  });
}

function headOnPage({ scene, stage }, name, layer, start) {
  const found = scene.heads.find(({ run, layer: own }) => run.name === name && run.start === start && own === layer);
  if (!found) return null;
  const box = stage.host.getBoundingClientRect();
  return [box.left + found.point[0], box.top + found.point[1]];
}

const mounted = new WeakMap();

/** Streamlit calls this when the data or the theme changed, and what it returns when the component leaves the page. */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".lookahead-player");
  if (!mounted.has(root)) mounted.set(root, new Player(root));
  const player = mounted.get(root);
  player.receive(data, (point) => setTriggerValue("pick", point));
  return () => {
    player.remove();
    mounted.delete(root);
  };
}
