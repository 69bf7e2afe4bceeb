// A family: the runs of all values of one number, as dials.py packs them.

import { unpack } from "./unpack.js";

/** @import {Dial} from "./types.d.ts" */
/** @import {Run} from "./run.js" */

export class Family {
  /**
   * @param {Dial & {limits: number[]}} dial
   * @param {Run[]} runs of all values, one value after the other
   */
  constructor(dial, runs) {
    /** @type {Dial} */
    this.dial = dial;
    this.limits = dial.limits;
    const starts = runs.length / dial.values.length;
    this.runs = dial.values.map((_, index) => runs.slice(index * starts, (index + 1) * starts));
    /** Whether some run of a value diverges. */
    this.diverges = this.runs.map((each) => each.some(({ diverged }) => diverged >= 0));
  }

  /**
   * The optimizers' name follows the number, and runs are found by it.
   * @param {Dial} dial as the page has it now
   */
  rename(dial) {
    this.dial = { ...dial, others: this.dial.others };
    for (const run of this.runs.flat()) run.rename(dial.name);
  }
}

/**
 * A message that dials.py packed: the header of a family or of a start that moved, and runs.
 * @param {Uint8Array} bytes
 */
export async function unpackMessage(bytes) {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  const planes = await inflate(bytes.subarray(4 + size));
  return { header, runs: unpack(sums(planes)).runs };
}

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<Uint8Array>}
 */
async function inflate(bytes) {
  const stream = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)]).stream();
  return new Uint8Array(await new Response(stream.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());
}

/**
 * Words from the bytes of their differences: first the lowest of each, then the second, ...
 * @param {Uint8Array} planes
 */
function sums(planes) {
  const count = planes.length / 4;
  const words = new Uint32Array(count);
  let word = 0;
  for (let at = 0; at < count; at++) {
    const upper = (planes[at + 2 * count] << 16) | (planes[at + 3 * count] << 24);
    word = (word + (planes[at] | (planes[at + count] << 8) | upper)) >>> 0;
    words[at] = word;
  }
  return new Uint8Array(words.buffer);
}
