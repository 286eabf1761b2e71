// Frame: the bar, the head with title and language, and the place where pages are shown.

/** The parts that stay: the bar with state and quick exit, the head with title and language, and the place for pages. */
function buildFrame(app) {
  const state = element("p", { class: "tq-state", "aria-hidden": "true" });
  const spoken = element("p", { class: "tq-unseen", role: "status" });
  const exit = element("button", { type: "button", class: "tq-exit", onclick: () => leaveQuickly(app) });
  const lost = element("div", { class: "tq-lost-place", role: "alert" });
  const bar = element("div", { class: "tq-bar" }, element("div", { class: "tq-bar-inner" }, state, spoken, exit), lost);
  const head = element("div", { class: "tq-head" });
  const place = element("div", { class: "tq-place" });
  const note = element("p", { class: "tq-exit-note" });
  const inner = element("div", { class: "tq-inner" }, head, place, note);
  const root = element("div", { class: "tq", "data-lm-suppress-shortcuts": "true" }, bar, inner); // Lumino leaves keys alone
  return { root, bar, state, spoken, exit, head, lost, place, note };
}

/** Whether the page stands in a notebook, whose document is not ours to name, to listen to or to leave. */
function isEmbedded(app) {
  return !app.frame.root.closest("main#questionnaire");
}

/** Tell the styles how high the bar is, and whether the page has to scroll within a notebook. */
function fitFrame(app) {
  const { root, bar } = app.frame;
  root.classList.toggle("tq-embedded", isEmbedded(app));
  root.style.setProperty("--tq-bar", `${bar.offsetHeight}px`);
}

/** Write language and texts of the frame. The document keeps its bland title: browsers list it among visited pages. */
function fillFrame(app) {
  const { root, exit, head, note } = app.frame;
  root.lang = app.language;
  if (app.language && !isEmbedded(app)) document.documentElement.lang = app.language;
  const keys = element("span", { class: "tq-exit-keys" }, say(app, "quick_exit_keys"));
  exit.replaceChildren(element("span", { class: "tq-exit-words" }, say(app, "quick_exit")), " ", keys);
  const also = element("span", { class: "tq-with-keys" }, " ", say(app, "quick_exit_note_keys"));
  note.replaceChildren(say(app, isEmbedded(app) ? "quick_exit_note_notebook" : "quick_exit_note"), also);
  head.replaceChildren(element("h1", { class: "tq-title" }, app.title ?? ""), ...languageChoice(app));
}

function languageChoice(app) {
  if (app.languages.length < 2) return [];
  const options = app.languages.map(({ code, name }) =>
    element("option", { value: code, lang: code, selected: code === app.language }, name),
  );
  const select = element("select", { class: "tq-language", "aria-label": say(app, "language") }, options);
  select.addEventListener("change", async () => {
    sendTyped(app);
    await app.connection.settled();
    showLoading(app);
    sayHello(app, select.value);
  });
  return [select];
}

/** Put `content` in place of the page that is shown; the first page does not take the focus. */
function place(app, kind, content) {
  const first = app.shown === null;
  app.shown = kind === "loading" ? app.shown : kind;
  app.frame.place.replaceChildren(element("div", { class: `tq-page tq-page-${kind}` }, content));
  showNoteOnce(app, kind);
  if (first || kind === "loading") return;
  app.frame.root.scrollIntoView({ block: "start" });
  app.frame.root.scrollTop = 0;
  app.frame.place.querySelector("h2")?.focus({ preventScroll: true });
}

/** How to leave quickly is explained at length on the first page alone. */
function showNoteOnce(app, kind) {
  if (kind === "loading") return;
  const name = `${kind} ${app.form?.position ?? ""}`;
  app.opening ??= name;
  app.frame.note.hidden = name !== app.opening;
}

function showLoading(app) {
  fillFrame(app);
  place(app, "loading", element("p", { class: "tq-loading" }, say(app, "loading")));
}
