// Main: begins and ends a page, greets the kernel, and shows what it sends.

/** Build the page in `el`, ask the kernel what to show, and return what undoes both. */
function startPage(model, el, next) {
  const app = {
    texts: FIRST_TEXTS,
    leaveTo: "about:blank",
    languages: [],
    language: "",
    zone: "UTC",
    token: "",
    form: null,
    shown: null,
  };
  app.stops = new AbortController();
  app.connection = new Connection(model, next, () => showState(app));
  app.frame = buildFrame(app);
  el.append(app.frame.root);
  listen(app);
  showLoading(app);
  sayHello(app, null);
  return () => {
    app.stops.abort();
    app.connection.close();
    app.frame.root.remove();
  };
}

/** Listen to keys, to the connection, to the size and to the way back into the page. */
function listen(app) {
  const { signal } = app.stops;
  listenForEscape(app, signal);
  const sized = new ResizeObserver(() => fitFrame(app));
  sized.observe(app.frame.bar);
  signal.addEventListener("abort", () => sized.disconnect());
  app.connection.model.on("moved", () => openAgain(app));
  window.addEventListener("online", () => showState(app), { signal });
  window.addEventListener("offline", () => showState(app), { signal });
  window.addEventListener("hashchange", () => fromAddress().token && location.reload(), { signal });
  window.addEventListener("pageshow", (event) => event.persisted && location.reload(), { signal });
  window.addEventListener("beforeunload", (event) => hasUnsaved(app) && event.preventDefault(), { signal });
}

/** Ask for the words of a language: the one that was chosen, else the browser's, where the study offers it. */
function sayHello(app, language) {
  const browser = language ? null : navigator.language?.split("-")[0].toLowerCase() || null;
  app.connection.send({ type: "hello", language, browser }, (reply) => {
    if (reply.type !== "hello") return hearPage(app, reply);
    Object.assign(app, { texts: { ...FIRST_TEXTS, ...reply.texts }, language: reply.language, title: reply.title });
    Object.assign(app, {
      languages: reply.languages ?? [],
      leaveTo: reply.leave_to || "about:blank",
      zone: knownZone(reply.timezone),
      contact: reply.contact,
    });
    fillFrame(app);
    const token = app.token || fromAddress().token;
    if (reply.page.page === "token" && token && app.shown !== "token") return openWith(app, token);
    return showPage(app, reply.page);
  });
}

/** Another kernel has taken over: open the same questionnaire there and send what the old one has not acknowledged. */
function openAgain(app) {
  if (["finished", "message"].includes(app.shown)) return;
  sendTyped(app);
  const left = app.connection.unsaved().map(({ message }) => message);
  app.connection.forget(() => true, false);
  app.left = [...(app.left ?? []), ...left];
  app.held = app.form?.lease ?? app.held;
  sayHello(app, app.language || null);
}

/** Token and couple code of the invitation: they stand behind the #, so that no server ever sees them. */
function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  return { token: given.get("token") ?? "", couple: given.get("couple") ?? "" };
}

/** Whatever page the kernel sends, shown. */
function showPage(app, page) {
  const show = { token: showToken, consent: showConsent, form: showForm, finished: showFinished, message: showMessage };
  app.form = null;
  (show[page.page] ?? showMessage)(app, page);
  showState(app);
}

/** The reply to a message that asked for another page. A refusal goes to `refused`, if there is one. */
function hearPage(app, reply, refused) {
  if (reply.type === "refused" && refused) return refused(reply);
  if (reply.type === "refused") return showMessage(app, { title: say(app, "failed"), paragraphs: [reply.text] });
  if (!reply.page) return undefined;
  app.connection.forget(({ message }) => message.type !== "hello"); // its reply brings the words of another language
  if (reply.language && reply.language !== app.language) return sayHello(app, reply.language);
  return showPage(app, reply.page);
}

/** anywidget calls this once per widget: views of one widget share the rising sequence. */
export default () => {
  const next = risingSequence();
  return { render: ({ model, el }) => startPage(model, el, next) };
};
