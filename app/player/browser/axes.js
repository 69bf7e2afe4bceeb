// Data coordinates <-> pixels of the canvas.

/** @import {Context, Point} from "./types.d.ts" */

export class Axis {
  /**
   * `offset` and `length` in pixels; `range` in data units, exponents of ten where logarithmic; `up`: pixels count down.
   * @param {number} offset
   * @param {number} length
   * @param {number[]} range
   * @param {boolean} [logarithmic]
   * @param {boolean} [up]
   */
  constructor(offset, length, range, logarithmic = false, up = false) {
    this.offset = offset;
    this.length = length;
    this.range = [range[0], range[1]];
    this.logarithmic = logarithmic;
    this.up = up;
    const scale = length / (range[1] - range[0]);
    this.scale = up ? -scale : scale;
    this.zero = up ? offset + length + scale * range[0] : offset - scale * range[0];
  }

  /** @param {number} value */
  pixel(value) {
    return this.zero + this.scale * (this.logarithmic ? Math.log10(value) : value);
  }

  /** @param {number} pixel */
  value(pixel) {
    const value = (pixel - this.zero) / this.scale;
    return this.logarithmic ? 10 ** value : value;
  }

  get end() {
    return this.offset + this.length;
  }
}

/** A pair of axes and the rectangle that they span. */
export class Panel {
  /**
   * @param {Axis} horizontal
   * @param {Axis} vertical
   */
  constructor(horizontal, vertical) {
    this.horizontal = horizontal;
    this.vertical = vertical;
  }

  /** @param {number} value */
  x(value) {
    return this.horizontal.pixel(value);
  }

  /** @param {number} value */
  y(value) {
    return this.vertical.pixel(value);
  }

  /**
   * @param {Point} point
   * @returns {Point}
   */
  place([x, y]) {
    return [this.x(x), this.y(y)];
  }

  /**
   * @param {Point} pixels
   * @returns {Point}
   */
  value([x, y]) {
    return [this.horizontal.value(x), this.vertical.value(y)];
  }

  /**
   * @param {Point} pixels
   * @param {number} [margin]
   */
  contains([x, y], margin = 0) {
    const { horizontal, vertical } = this;
    const [left, top] = [horizontal.offset - margin, vertical.offset - margin];
    return x >= left && x <= horizontal.end + margin && y >= top && y <= vertical.end + margin;
  }

  /** @param {Context} context */
  clip(context) {
    context.beginPath();
    context.rect(this.horizontal.offset, this.vertical.offset, this.horizontal.length, this.vertical.length);
    context.clip();
  }

  /** Changes whenever the axes need a redraw. */
  get signature() {
    return [this.horizontal, this.vertical].map(({ offset, length, range }) => [offset, length, ...range]).join();
  }
}

/**
 * About `count` round numbers in a range, and the number of decimals that they need.
 * @param {number[]} range
 * @param {number} count
 */
export function roundTicks([low, high], count) {
  const rough = (high - low) / Math.max(1, count);
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((candidate) => candidate >= rough);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const values = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
  return { values, decimals, step };
}
