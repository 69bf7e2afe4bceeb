// The plotly chart that the player is laid over. Its axes are read from plotly's private layout: Streamlit, which brings
// plotly.js, is therefore pinned exactly, and a test compares the canvas with a plotly marker to a fraction of a pixel.

const REDRAWN = ["plotly_afterplot", "plotly_relayouting", "plotly_relayout"];
const CLICK_REACH = 4; // px between press and release; more is a drag
const TAP_REACH = 12; // px that a finger may slip
const DOUBLE_CLICK = 260; // ms to wait for a second click, which resets plotly's axes

/** The place on the page that Streamlit made for the element of a key, which may still be empty. */
function placeOfKey(key) {
  const name = key.trim().replace(/[^a-zA-Z0-9_-]/g, "-"); // as Streamlit makes class names of keys
  return key ? document.querySelector(`.st-key-${CSS.escape(name)}`) : null;
}

function findChart(key) {
  const graph = placeOfKey(key)?.querySelector(".js-plotly-plot");
  return graph && graph._fullLayout && graph._fullLayout._size && graph.on ? graph : null;
}

function plotlyAxis(axis, up) {
  return new Axis(axis._offset, axis._length, axis.range, axis.type === "log", up);
}

/** A panel for each axis pair (x, y), (x2, y2), ... of a chart. */
function plotlyPanels(graph) {
  const panels = [];
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? "" : number;
    const [x, y] = [graph._fullLayout[`xaxis${suffix}`], graph._fullLayout[`yaxis${suffix}`]];
    if (!x || !y) return panels;
    panels.push(new Panel(plotlyAxis(x, false), plotlyAxis(y, true)));
  }
}

/** A finger's swipe scrolls the page and its tap stays a click: plotly, which would drag its axes, hears of no touch. */
function leaveSwipesToPage(host) {
  host.style.touchAction = "manipulation";
  host.addEventListener("touchstart", unheard, { capture: true, passive: true });
}

function unheard(event) {
  if (!event.target.closest(".modebar")) event.stopPropagation();
}

class ChartStage {
  constructor(graph, changed) {
    this.graph = graph;
    this.host = graph.querySelector(".svg-container");
    // Below plotly's top drawing, so that its hover labels stay above the tracks.
    this.layers = new Layers(this.host, this.host.querySelectorAll(":scope > .main-svg")[1] ?? null);
    leaveSwipesToPage(this.host);
    this.changed = changed;
    for (const event of REDRAWN) graph.on(event, changed);
    this.observer = new ResizeObserver(changed);
    this.observer.observe(graph);
    this.measure();
  }

  static at(key, changed) {
    const graph = findChart(key);
    return graph && graph.querySelector(".svg-container") ? new ChartStage(graph, changed) : null;
  }

  get attached() {
    return this.graph.isConnected && this.layers.attached;
  }

  /** Read the axes again; whether anything moved. */
  measure() {
    this.panels = plotlyPanels(this.graph);
    this.layers.cover(this.panels);
    const signature = [this.layers.signature, ...this.panels.map((panel) => panel.signature)].join("|");
    const moved = signature !== this.signature;
    this.signature = signature;
    return moved;
  }

  /** The surface drawn on a panel as {x, y, z}, where the chart has one. */
  field(index) {
    const axis = index ? `x${index + 1}` : "x";
    const traces = this.graph._fullData ?? [];
    const found = traces.findIndex(({ type, xaxis }) => /^(contour|heatmap)$/.test(type) && xaxis === axis);
    const drawn = found < 0 ? null : this.graph.calcdata?.[found]?.[0];
    return drawn?.z && drawn.x?.length >= drawn.z[0].length ? { x: drawn.x, y: drawn.y, z: drawn.z } : null;
  }

  remove() {
    for (const event of REDRAWN) this.graph.removeListener?.(event, this.changed);
    this.observer.disconnect();
    this.layers.remove();
  }
}

/** Tell `onMove` and `onClick` about the pointer over the panels of a stage; returns what takes the listeners off again. */
function watchPointer(stage, onMove, onClick) {
  const listeners = new AbortController();
  const { signal } = listeners;
  let pressed = null;
  let waiting = 0;
  const spot = (event) => {
    const box = stage.host.getBoundingClientRect();
    const point = [event.clientX - box.left, event.clientY - box.top];
    const panel = stage.panels.findIndex((candidate) => candidate.contains(point));
    return { point, panel };
  };
  const onSurface = (event) => !event.target.closest?.(".modebar, .legend, .infolayer");
  stage.host.addEventListener("pointermove", (event) => onMove(spot(event)), { signal });
  stage.host.addEventListener("pointerleave", () => onMove(null), { signal });
  stage.host.addEventListener(
    "pointerdown",
    (event) => {
      pressed = event.button === 0 && onSurface(event) ? spot(event) : null;
    },
    { signal, capture: true },
  );
  window.addEventListener("pointercancel", () => (pressed = null), { signal }); // the page scrolls instead
  window.addEventListener(
    "pointerup",
    (event) => {
      const from = pressed;
      pressed = null;
      if (!from || from.panel < 0) return;
      const [dx, dy] = [0, 1].map((axis) => spot(event).point[axis] - from.point[axis]);
      if (Math.hypot(dx, dy) > (event.pointerType === "touch" ? TAP_REACH : CLICK_REACH)) return;
      clearTimeout(waiting);
      const second = waiting;
      waiting = second
        ? 0
        : setTimeout(() => {
            waiting = 0;
            onClick(from);
          }, DOUBLE_CLICK);
    },
    { signal, capture: true },
  );
  return () => {
    clearTimeout(waiting);
    listeners.abort();
  };
}
