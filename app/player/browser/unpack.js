// The bytes that pack.py describes, read back.

import { Run } from "./run.js";

/** @import {Header, PlayerView} from "./types.d.ts" */

export class Reader {
  /**
   * @param {Uint8Array} bytes
   * @param {number} offset
   */
  constructor(bytes, offset) {
    this.bytes = bytes;
    this.offset = offset;
  }

  /** @param {number} count */
  floats(count) {
    // Copied, because a Float32Array must start at a multiple of four bytes of its buffer.
    const part = this.bytes.slice(this.offset, this.offset + 4 * count);
    this.offset += 4 * count;
    return new Float32Array(part.buffer, 0, count);
  }

  /** @param {number} count */
  counts(count) {
    this.offset += count;
    return this.bytes.subarray(this.offset - count, this.offset);
  }

  /**
   * Numbers from `given`, first and difference, where they were not sent.
   * @param {?[number, number]} startAndStep
   * @param {number} rows
   * @returns {Float32Array | Float64Array}
   */
  progression(startAndStep, rows) {
    if (!startAndStep) return this.floats(rows);
    return Float64Array.from({ length: rows }, (_, row) => startAndStep[0] + row * startAndStep[1]);
  }

  /**
   * @param {number} count
   * @returns {{x: Float32Array, y: Float32Array}}
   */
  points(count) {
    return { x: this.floats(count), y: this.floats(count) };
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {{view: PlayerView, runs: Run[]}}
 */
export function unpack(bytes) {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { tracks, ...view } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  const reader = new Reader(bytes, 4 + size);
  /** @type {Run[]} */
  const runs = tracks.map((/** @type {Header} */ header) => new Run(header, reader));
  for (const [index, run] of runs.entries()) run.complete(tracks[index].punctual ? run.due() : reader.counts(run.rows));
  return { view, runs };
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function sameBytes(one, other) {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

/** @param {string} text */
export function unbase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
