// What this browser keeps for the next visit. A page opened from a file, or a visitor who stores nothing, begins anew.

/**
 * @param {string} key
 * @returns {?string}
 */
export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * What was stored as JSON; null where there is nothing, or nothing that can be read.
 * @param {string} key
 */
export function storedValue(key) {
  try {
    return JSON.parse(stored(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string} text
 */
export function store(key, text) {
  try {
    localStorage.setItem(key, text);
  } catch {
    // it is asked again next time
  }
}
