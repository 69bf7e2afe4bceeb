// The picture stays on the screen while a number below it is dragged: on a telephone both seldom fit.

import { HEADER } from "./elements.js";
import { placeOfKey } from "./plotly_chart.js";

/**
 * Pin the picture of a chart to the top where it is scrolled away and covers nothing of `hand`.
 * @param {string} key of the chart
 * @param {HTMLElement} hand where the pointer is
 * @returns {() => void} what lets it go
 */
export function pinPicture(key, hand) {
  const place = placeOfKey(key)?.closest(".stVerticalBlock")?.parentElement;
  if (!place) return () => {};
  const { top, bottom, height } = place.getBoundingClientRect();
  const fits = hand.getBoundingClientRect().top > HEADER + height;
  if (top >= HEADER || bottom < 0 || !fits) return () => {};
  const { style } = place;
  const before = style.cssText;
  style.cssText += `;position:sticky;top:${HEADER}px;z-index:5;background:${getComputedStyle(document.querySelector(".stApp")).backgroundColor}`;
  return () => {
    style.cssText = before;
  };
}
