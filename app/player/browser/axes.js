// Data coordinates <-> pixels of the canvas.

class Axis {
  /** `offset` and `length` in pixels; `range` in data units, exponents of ten where logarithmic; `up`: pixels count down. */
  constructor(offset, length, range, logarithmic = false, up = false) {
    Object.assign(this, { offset, length, range: [range[0], range[1]], logarithmic, up });
    const scale = length / (range[1] - range[0]);
    this.scale = up ? -scale : scale;
    this.zero = up ? offset + length + scale * range[0] : offset - scale * range[0];
  }

  pixel(value) {
    return this.zero + this.scale * (this.logarithmic ? Math.log10(value) : value);
  }

  value(pixel) {
    const value = (pixel - this.zero) / this.scale;
    return this.logarithmic ? 10 ** value : value;
  }

  get end() {
    return this.offset + this.length;
  }
}

/** A pair of axes and the rectangle that they span. */
class Panel {
  constructor(horizontal, vertical) {
    Object.assign(this, { horizontal, vertical });
  }

  x(value) {
    return this.horizontal.pixel(value);
  }

  y(value) {
    return this.vertical.pixel(value);
  }

  place([x, y]) {
    return [this.x(x), this.y(y)];
  }

  value([x, y]) {
    return [this.horizontal.value(x), this.vertical.value(y)];
  }

  contains([x, y], margin = 0) {
    const { horizontal, vertical } = this;
    const [left, top] = [horizontal.offset - margin, vertical.offset - margin];
    return x >= left && x <= horizontal.end + margin && y >= top && y <= vertical.end + margin;
  }

  clip(context) {
    context.beginPath();
    context.rect(this.horizontal.offset, this.vertical.offset, this.horizontal.length, this.vertical.length);
    context.clip();
  }

  /** Changes whenever a redraw is due. */
  get signature() {
    return [this.horizontal, this.vertical].map(({ offset, length, range }) => [offset, length, ...range]).join();
  }
}

/** About `count` round numbers in a range, and the number of decimals that they need. */
function roundTicks([low, high], count) {
  const rough = (high - low) / Math.max(1, count);
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((candidate) => candidate >= rough);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const values = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
  return { values, decimals, step };
}
