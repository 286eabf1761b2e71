// Exit: leaving the page in a hurry, and without a trace in it.

const TWICE = 1500; // milliseconds in which Escape has to be pressed twice

/**
 * Escape pressed twice in a row leaves, too. In a notebook only where the questionnaire has the focus; and there no key
 * goes further, for the notebook would move among its cells with the arrows.
 */
function listenForEscape(app, signal) {
  let last = -Infinity;
  const pressed = (event) => {
    if (event.key !== "Escape" || event.repeat) return;
    if (performance.now() - last < TWICE) leaveQuickly(app);
    last = performance.now();
  };
  const within = (event) => {
    if (!isEmbedded(app)) return;
    event.stopPropagation();
    pressed(event);
  };
  app.frame.root.addEventListener("keydown", within, { signal });
  document.addEventListener("keydown", (event) => isEmbedded(app) || pressed(event), { signal });
}

/** Leave no trace in the page: empty it, rename it, and put another one in its place in the history. */
function leaveQuickly(app) {
  if (isEmbedded(app)) return emptyWidget(app);
  hideAddress();
  const { leaveTo } = app;
  const title = element("title", {}, say(app, "neutral_title"));
  app.stops.abort();
  app.connection.close();
  window.onbeforeunload = null;
  window.addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), { capture: true });
  document.documentElement.replaceChildren(element("head", {}, title), element("body"));
  return location.replace(leaveTo);
}

/** Take token and codes out of the address at once: the other page may be long in coming. */
function hideAddress() {
  try {
    history.replaceState(null, "", location.pathname);
  } catch {
    // A browser may refuse when it was asked too often: the page is emptied all the same.
  }
}

/** In a notebook: empty the questionnaire alone and say so, for the notebook may hold unsaved work. */
function emptyWidget(app) {
  const said = element("p", { class: "tq-left", tabindex: "-1" }, say(app, "left"));
  app.stops.abort();
  app.connection.close();
  app.frame.root.replaceChildren(said);
  said.focus();
}
