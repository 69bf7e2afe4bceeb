// The stage of a player on the whole screen: the chart, the transport, the cards and the inspector, for a projector.

/**
 * What holds the chart and the player: the block around both that the page names, or the player's own root.
 * @param {HTMLElement} root
 * @returns {HTMLElement}
 */
function stageOf(root) {
  const shadow = root.getRootNode();
  const host = shadow instanceof ShadowRoot ? /** @type {HTMLElement} */ (shadow.host) : root;
  return host.closest('[class*="-stage"]') ?? root;
}

/** Whether this browser lets a page do so. */
export function hasFullscreen() {
  return document.fullscreenEnabled === true;
}

/**
 * To the whole screen, or back.
 * @param {HTMLElement} root
 */
export function toggleFullscreen(root) {
  if (document.fullscreenElement) {
    document.exitFullscreen();
    return;
  }
  const stage = stageOf(root);
  const page = document.querySelector(".stApp") ?? document.body;
  stage.style.backgroundColor = getComputedStyle(page).backgroundColor; // a browser's own is black
  stage.requestFullscreen();
}
