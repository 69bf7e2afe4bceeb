// Numbers as text: with as few decimals as are exact, else as many as show a given difference.

export const MINUS = "−";
const MOST_DECIMALS = 7;

/**
 * Decimals at which all `values` are exact (at least one), or that show `difference` to three digits.
 * @param {number[]} values
 * @param {number} difference
 */
export function decimalsFor(values, difference) {
  for (let decimals = 1; decimals <= 2; decimals++) {
    if (values.every((value) => Math.abs(value - Number(value.toFixed(decimals))) < 1e-6 * (1 + Math.abs(value)))) {
      return decimals;
    }
  }
  const size = Math.floor(Math.log10(Math.max(Math.abs(difference), 1e-12)));
  return Math.max(3, Math.min(MOST_DECIMALS, 2 - size));
}

/**
 * @param {number} value
 * @param {number} decimals
 */
export function fixed(value, decimals) {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e29) return value < 0 ? `${MINUS}∞` : "∞";
  const text = Math.abs(value) >= 1e6 ? value.toExponential(3) : value.toFixed(decimals);
  return text.replace(/^-(0(?:\.0*)?)$/, "$1").replace(/-/g, MINUS);
}

/**
 * A number inside an expression: negative ones get brackets after an operator.
 * @param {number} value
 * @param {number} decimals
 */
export function operand(value, decimals) {
  const text = fixed(value, decimals);
  return text[0] === MINUS ? `(${text})` : text;
}

/**
 * Four significant digits, for values read on their own.
 * @param {number} value
 */
export function brief(value) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value) || Math.abs(value) >= 1e29) return value < 0 ? `${MINUS}∞` : "∞";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size >= 1e5 || size < 1e-3) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replace(/-/g, MINUS);
}

/**
 * .5 for 0.5, as the fractions α are written.
 * @param {number} value
 */
export function shortNumber(value) {
  return String(Number(value.toPrecision(4))).replace(/^0\./, ".");
}
