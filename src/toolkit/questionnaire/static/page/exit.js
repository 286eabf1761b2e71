// Exit: leaving the page in a hurry, and without a trace in it.

const TWICE = 1500; // milliseconds in which Escape has to be pressed twice

/** Escape pressed twice in a row leaves, too; in a notebook only where the questionnaire has the focus. */
function listenForEscape(app, signal) {
  let last = -Infinity;
  const pressed = (event) => {
    if (event.key !== "Escape" || event.repeat) return;
    if (isEmbedded(app) && !app.frame.root.contains(event.target)) return;
    if (performance.now() - last < TWICE) leaveQuickly(app);
    last = performance.now();
  };
  document.addEventListener("keydown", pressed, { signal });
}

/** Leave no trace in the page: empty it, rename it, and put another one in its place in the history. */
function leaveQuickly(app) {
  const { leaveTo } = app;
  const title = element("title", {}, say(app, "neutral_title"));
  app.stops.abort();
  app.connection.close();
  window.onbeforeunload = null;
  window.addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), { capture: true });
  document.documentElement.replaceChildren(element("head", {}, title), element("body"));
  location.replace(leaveTo);
}
