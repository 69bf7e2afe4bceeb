// Types shared by the player's modules. Rows count from 0, the start; layer 0 stands for the fast weights θ,
// layer j >= 1 for the slow weights φ_j, 1 being the innermost.

import type { Panel } from "./axes.js";
import type { AxesStage } from "./axes_stage.js";
import type { ChartStage } from "./chart_stage.js";
import type { Run } from "./run.js";
import type { Scene } from "./scene.js";

export type Context = CanvasRenderingContext2D;
/** [x, y], in data units or in pixels of a host. */
export type Point = [number, number];
/** [left, right, bottom, top] in data units, or [left, top, right, bottom] in pixels. */
export type Box = number[];
/** [red, green, blue], each up to 255. */
export type Color = number[];
/** Many points, by column. */
export type Points = { x: ArrayLike<number>; y: ArrayLike<number> };
/** A layer's number, or the average of the fast weights. */
export type LayerName = number | "averaged";
/** One of the shapes of look.json. */
export type Shape = string;

/** A surface on a grid: `z` holds a row of values for each of `y`, the lowest first. */
export type Heights = { x: number[]; y: number[]; z: number[][] };

/** Colours and font of the page; presented: for a projector, stronger and larger. */
export type Theme = { text: Color; background: Color; font: string; dark: boolean; presented: boolean };

/** A layer of slow weights: k steps of the layer below it, `within` base steps each, make `period` base steps. */
export type Layer = { k: number; alpha: number; mu: number; nesterov: boolean; within: number; period: number };

/** A run's header in the packed bytes; see pack.py. */
export type Header = {
  name: string;
  color: string;
  layers: number[][];
  resets: boolean;
  rows: number;
  punctual: boolean;
  proposals: number;
  averaged: boolean;
  slow: number;
  step: [number, number] | null;
  evaluations: [number, number] | null;
  consecutive: boolean;
  measured: boolean;
  cloud: number;
  diverged: number;
  panel: number;
  start: number;
  lr: number | null;
  delta: string;
  ahead: string;
};

/** Names of the numbers. */
export type QuantityNames = { value: string; gradient: string; explained: string };

/** A number that can be dragged; see pack.py. */
export type Dial = {
  name: string;
  card: number;
  field: "k" | "alpha" | "outer_momentum" | "lr" | "momentum" | "mu_y" | "mu_x";
  level: number;
  value: number;
  values: number[];
  live: boolean;
  /** Names all other settings of the page. */
  others: string;
};

/** A dial that was grabbed, or released at a value. */
export type Turn = { card: number; field: string; level: number; value: number };

/** Events that a player reports to the script. */
export type Reports = {
  pick: (click: Click) => void;
  release: (turn: Turn) => void;
  start: (move: StartMove) => void;
  /** The first frame is on the screen. */
  drawn: () => void;
};

/** What the page's script is told: the names of the parameters that hold for a visit. */
export type PageData = { ofVisit: string[] };

/** A start that is dragged, or released, at a place. */
export type StartMove = { start: number; x: number; y: number };

/** How the tracks are shown; see pack.py. */
export type PlayerView = {
  key: string;
  chart: string;
  scene: string;
  linked: string[];
  autoplay: boolean;
  pickable: boolean;
  minima: Point[];
  labels: [string, string];
  quantities: QuantityNames;
  dials: Dial[];
  /** What the names of the page's controls begin with. */
  controls: string;
  /** Whether starts can be dragged. */
  movable: boolean;
  curves: (LinkedCurve | null)[];
  /** Lines on what happens, each with the base step from which on it is shown. */
  narration: [number, string][];
  reel: string;
  /** Whether it is shown to a class: stronger colours, larger letters. */
  presented: boolean;
  /** The player's own axes until its chart has come. */
  first: FirstFrame | null;
};

/** Axes at the place of a coming chart; margins in pixels: left, right, top, bottom. */
export type FirstFrame = { extent: Box; margin: [number, number, number, number]; heights: PackedHeights | null };

/** The curve of a run in a linked chart; see pack.py. */
export type LinkedCurve = {
  floor: number | null;
  places: Point[];
  measured: boolean;
  rate: [number, number] | null;
};

/** A share of the way from a row to the next: first of its base step, then of the synchronisation. */
export type Moment = { row: number; base: number; synchronisation: number };

/** φ of a layer moves from `from` by the fraction alpha towards `target`, and arrives at `to`. */
export type Update = { layer: number; alpha: number; from: Point; target: Point; to: Point; outer?: OuterStep };

/** How a layer with outer momentum moves: s, and b before and after. */
export type OuterStep = { mu: number; nesterov: boolean; s: Point; before: Point; b: Point };

/** How far each part of a synchronisation has come, 0 to 1. */
export type Stages = { layers: { line: number; travel: number }[]; restart: number };

/** The synchronisation that a picture shows: under way, or the last one, fading. */
export type Explanation = { row: number; updates: Update[]; progress: number; fade: number; stages: Stages };

/** A head as it was drawn. */
export type Head = { run: Run; layer: LayerName; weights: Point; point: Point };

/** A head for another picture of the same moment. */
export type HeadColors = { name: string; layer: LayerName; weights: Point; halo: string; color: string };

/** A text is written at the first of these that is free. */
export type Spot = [x: number, y: number, align: Align];
export type Align = "left" | "center" | "right";

/** One run's picture at a moment: where it is drawn and in which inks. */
export type RunPicture = {
  context: Context;
  panel: Panel;
  run: Run;
  moment: Moment;
  size: number;
  /** Whether heads are named in words. */
  words: boolean;
  /** Of letters, beside their usual size. */
  enlarged: number;
  inks: Color[];
  letters: string[];
  halo: string;
  font: string;
  /** Boxes that texts and heads cover. */
  boxes: Box[];
  fresh: boolean;
  shown: (layer: LayerName) => boolean;
};

/** One ring of a clock. */
export type Ring = {
  context: Context;
  middle: number;
  radius: number;
  k: number;
  width: number;
  color: Color;
  theme: Theme;
};

/** Where trails are drawn: either canvas may be left out; what is `lasting` stays there. */
export type Paper = { casing?: Context; trail?: Context; lasting: boolean };

/** One run's trails. */
export type TrailPicture = { scene: Scene; panel: Panel; run: Run; paper: Paper };

/** How a trail is stroked; `offset` px of its dashes were drawn before. */
export type TrailStyle = { alpha: number; dash: number[]; offset?: number; casing?: number; thinning?: number };

/** What a standalone page shows; numbers travel as base64. */
export type Content = {
  /** As pack.py makes them. */
  bytes: string;
  /** Of the axes, or null for the tracks' own. */
  extent: Box | null;
  /** A data URL to draw over the extent. */
  image: string | null;
  heights: PackedHeights | null;
  flow: PackedFlow | null;
  /** The values of one number to drag, as dials.py packs them. */
  family: string | null;
};
/** Heights to shade and contour, as 16-bit numbers. */
export type PackedHeights = { columns: number; rows: number; values: string };
/** Streamlines to draw in place of contours, as 32-bit numbers. */
export type PackedFlow = { lines: string[]; arrows: string };

/** A head on a relief: where it is drawn, and its height. */
export type PlacedHead = HeadColors & { height: number; point: Point };

/** A line over a linked chart. */
export type CursorLine = { evaluations: number; color: string };

/** Where a diverged run left a panel, and the row of its exit. */
export type Exit = { row: number; point: Point };

/** The background of a player without a chart. */
export type Background = {
  extent: Box | null;
  image: HTMLImageElement | null;
  heights: Heights | null;
  /** Draws streamlines in place of the contour lines. */
  flow: ((context: Context, panel: Panel) => void) | null;
};

export type Stage = ChartStage | AxesStage;

/** Where the pointer is: pixels of the host, and the panel there, or -1. */
export type Spotted = { point: Point; panel: number };

export type Click = { x: number; y: number; panel: number; n: number };

/** Commands of the controls. */
export type Commands = {
  play: () => void;
  forward: () => void;
  backward: () => void;
  next: () => void;
  previous: () => void;
  seek: (row: number) => void;
  speed: (speed: number) => void;
  loop: () => void;
  pausing: () => void;
  ghosts: () => void;
  fullscreen: () => void;
  toggle: (name: string) => void;
  inspect: (run: Run) => void;
  inspectStart: (start: number) => void;
  redraw: () => void;
};

/** The player's public face, at window.__lookaheadPlayers[key]. */
export type Hooks = {
  readonly step: number;
  readonly row: number;
  readonly position: number;
  readonly playing: boolean;
  readonly attached: boolean;
  readonly overChart: boolean;
  readonly frames: { count: number; milliseconds: number; worst: number };
  readonly inspected: string;
  readonly heads: HeadColors[];
  readonly slope: [Point, Point] | null;
  /** The packed runs of all values of a number. */
  family: (bytes: Uint8Array) => void;
  play: () => void;
  pause: () => void;
  seek: (row: number) => void;
  head: (name: string, layer?: LayerName, start?: number) => Point | null;
};

/** Streamlit's arguments to a component. */
export type ComponentArguments<Data> = {
  data: Data;
  parentElement: HTMLElement;
  setTriggerValue: (name: string, value: unknown) => void;
};

/** Answers to lessons' cards, by the cards' names, and whether those of an earlier visit are among them. */
export type AnswersData = {
  recalled: boolean;
  answers: Record<string, number | [number, number] | null>;
};

/** What a guide is told of its page. */
export type GuideData = {
  page: string;
  sentence: string;
  /** "1" or "0" where the link says whether words are shown. */
  words: string | null;
  /** The key of the player that the tour is about; "" where there is no tour. */
  player: string;
  /** Of each optimizer's layers. */
  alphas: number[][];
  ks: number[][];
  /** Layers of all optimizers. */
  depth: number;
  /** The ready-made comparison that was chosen last. */
  preset: string | null;
  /** Keys of the controls of a depth, and of the ready-made comparisons. */
  depthKey: string;
  presetKey: string;
};

/** A thing to do on the tour. */
export type TourStep = {
  text: string;
  /** The control that takes the focus. */
  target: (data: GuideData) => HTMLElement | null | undefined;
  /** What the ring goes around, where that is more than the control. */
  around?: (data: GuideData) => HTMLElement | null | undefined;
  /** What it is about, besides the picture, where that is elsewhere. */
  shows?: (data: GuideData) => HTMLElement | null | undefined;
  begin?: (data: GuideData) => void;
  /** What is pressed when it is done. */
  presses?: string;
  /** Whether it is, by what the page says now and said when it was asked for. */
  done: (data: GuideData, before: GuideData) => boolean;
};

/** A plotly chart's element, private layout included. */
// biome-ignore lint/suspicious/noExplicitAny: plotly describes nothing of its private layout.
export type Graph = HTMLElement & Record<string, any>;

declare global {
  interface Window {
    __lookaheadPlayers: Record<string, Hooks>;
    // biome-ignore lint/suspicious/noExplicitAny: plotly's cameras, kept as they are.
    __lookaheadCameras: Record<string, any>;
    /** By the key of a player, the function that requests a family. */
    __lookaheadFamilies: Record<string, (what: string, turn: Turn | StartMove) => void>;
    __lookaheadDragged?: boolean;
    __lookaheadReports?: boolean;
    __lookaheadWords?: boolean;
    /** Whether the visitor is on the tour. */
    __lookaheadTour?: boolean;
    __lookaheadHistory?: boolean;
    /** Whether the term of the address was shown. */
    __lookaheadGlossary?: boolean;
    __lookaheadReliefs: Record<string, unknown>;
  }
}
