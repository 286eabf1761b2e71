/**
 * The participant's page, as an anywidget.
 *
 * It knows nothing but what the kernel sends and keeps nothing outside of its memory: no storage, no cookies, no
 * history entries, no requests. Messages and replies are described in `session.py`.
 *
 * @typedef {{value?: number|string, text?: string, reason?: string}} Answer
 * @typedef {{value: number|string, label: string}} Option
 * @typedef {{id: string, text: string, kind: string, options?: Option[], min?: number, max?: number,
 *   max_length?: number, required?: boolean, not_applicable?: boolean, refusable?: boolean, note?: string,
 *   answer?: Answer}} Item
 * @typedef {{id: string, title: string, instructions: string[], timeframe: string, layout: string,
 *   items: Item[]}} Section
 */

const TICK = 1000; // milliseconds between looks at what is unanswered
const RESEND = 3; // ticks until a message without a reply is sent again
const GONE = 20; // ticks without a reply until the kernel counts as gone
const PAUSE = 1200; // milliseconds without a key until typed text is sent
const TWICE = 1500; // milliseconds in which Escape has to be pressed twice
const WITHDRAWABLE = ["not_due", "sent", "done", "over", "stopped"]; // messages after which one may withdraw
const LONGEST = 2_000_000_000; // milliseconds that the kernel takes as a time
const SETTLED = 800; // milliseconds a state has to last until it is read out

/** What is said before the kernel has sent the texts of the participant's language. */
const FIRST_TEXTS = {
  quick_exit: "Leave quickly",
  quick_exit_keys: "or press Esc twice",
  loading: "One moment …",
  lost_title: "There is no connection to the study",
  lost_safe: "There has been no reply for a while.",
  lost_reload: "Load the page again",
  neutral_title: "New tab",
};

/** anywidget calls this once per widget: views of one widget share the rising sequence. */
export default () => {
  const next = risingSequence();
  return { render: ({ model, el }) => startPage(model, el, next) };
};

// ---------------------------------------------------------------- messages

/** Numbers that rise across reloads of the page, too: they start at the quarters of seconds since 2024. */
function risingSequence() {
  let last = Math.max(0, Math.floor((Date.now() - Date.UTC(2024, 0)) / 250));
  return () => (last += 1);
}

/** Sends messages until each has its reply. */
class Connection {
  /**
   * @param {object} model anywidget's model
   * @param {() => number} next the next sequence
   * @param {() => void} changed called when something was sent, answered or given up
   */
  constructor(model, next, changed) {
    this.model = model;
    this.next = next;
    this.changed = changed;
    this.pending = new Map();
    this.silence = 0;
    this.waiting = [];
    this.hear = (reply) => this.receive(reply);
    model.on("msg:custom", this.hear);
    this.timer = setInterval(() => this.tick(), TICK);
  }

  /** Send a message; `heard` is called with its reply. An answer replaces an earlier one to the same item. */
  send(message, heard) {
    if (message.type === "answer")
      this.forget(({ message: old }) => old.type === "answer" && old.item === message.item, false);
    const sequence = this.next();
    this.pending.set(sequence, { message: { ...message, sequence }, heard, ticks: 0 });
    this.post(this.pending.get(sequence).message);
    this.changed();
  }

  /** Send a message and wait for its reply. */
  ask(message) {
    return new Promise((heard) => this.send(message, heard));
  }

  post(message) {
    try {
      this.model.send(message);
    } catch {
      // A connection that is down may throw: the message stays pending and is sent again.
    }
  }

  receive(reply) {
    const entry = this.pending.get(reply.to);
    if (!entry) return;
    this.silence = 0;
    if (reply.type === "later") return this.delay(entry);
    this.pending.delete(reply.to);
    entry.heard(reply);
    this.changed();
    this.release();
  }

  /** The kernel is there, but could not save: the message stays and is sent again. */
  delay(entry) {
    entry.delayed = true;
    this.changed();
  }

  tick() {
    if (!this.pending.size) return;
    this.silence += 1;
    for (const entry of this.pending.values()) {
      entry.ticks += 1;
      if (entry.ticks % RESEND === 0) this.post(entry.message);
    }
    this.changed();
  }

  /** Wait for some replies no longer; `release` is false where their answers will be sent anew. */
  forget(which, release = true) {
    for (const [sequence, entry] of this.pending) if (which(entry)) this.pending.delete(sequence);
    if (release) this.release();
  }

  /** Resolves once no answer is without its reply. */
  settled() {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.release();
    });
  }

  release() {
    if (this.unsaved().length) return;
    this.waiting.splice(0).forEach((resolve) => resolve());
  }

  unsaved() {
    return [...this.pending.values()].filter(({ message }) => message.type === "answer");
  }

  get gone() {
    return this.silence >= GONE;
  }

  /** How the sending of answers goes: `sent`, `delayed` by the kernel, or `late` for want of a reply. */
  get pace() {
    const unsaved = this.unsaved();
    if (unsaved.some(({ delayed }) => delayed)) return "delayed";
    return !navigator.onLine || unsaved.some(({ ticks }) => ticks >= RESEND) ? "late" : "sent";
  }

  close() {
    clearInterval(this.timer);
    this.pending.clear();
    this.waiting = [];
    this.model.off("msg:custom", this.hear);
  }
}

// ---------------------------------------------------------------- the page as a whole

/** Build the page in `el`, ask the kernel what to show, and return what undoes both. */
function startPage(model, el, next) {
  const app = {
    texts: FIRST_TEXTS,
    leaveTo: "about:blank",
    languages: [],
    language: "",
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
  const root = element("div", { class: "tq" }, bar, inner);
  return { root, bar, state, spoken, exit, head, lost, place, note };
}

/** Whether the page stands in a notebook, whose document is not ours to name or to listen to. */
function isEmbedded(app) {
  return Boolean(app.frame.root.closest(".jp-Notebook, .jp-LinkedOutputView"));
}

/** Listen to keys, to the connection, to the size and to the way back into the page. */
function listen(app) {
  const { signal } = app.stops;
  let last = -Infinity;
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || event.repeat) return;
      if (isEmbedded(app) && !app.frame.root.contains(event.target)) return;
      if (performance.now() - last < TWICE) leaveQuickly(app);
      last = performance.now();
    },
    { signal },
  );
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

/** Tell the styles how high the bar is, and whether the page has to scroll within a notebook. */
function fitFrame(app) {
  const { root, bar } = app.frame;
  root.classList.toggle("tq-embedded", isEmbedded(app));
  root.style.setProperty("--tq-bar", `${bar.offsetHeight}px`);
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

function sayHello(app, language) {
  app.connection.send({ type: "hello", language }, (reply) => {
    if (reply.type !== "hello") return hearPage(app, reply);
    Object.assign(app, { texts: { ...FIRST_TEXTS, ...reply.texts }, language: reply.language, title: reply.title });
    Object.assign(app, {
      languages: reply.languages ?? [],
      leaveTo: reply.leave_to || "about:blank",
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
  sayHello(app, app.language || null);
}

/** Token and couple code of the invitation: they stand behind the #, so that no server ever sees them. */
function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  return { token: given.get("token") ?? "", couple: given.get("couple") ?? "" };
}

/** Write language and texts of the frame. The document keeps its bland title: browsers list it among visited pages. */
function fillFrame(app) {
  const { root, exit, head, note } = app.frame;
  root.lang = app.language;
  if (app.language && !isEmbedded(app)) document.documentElement.lang = app.language;
  const keys = element("span", { class: "tq-exit-keys" }, say(app, "quick_exit_keys"));
  exit.replaceChildren(element("span", { class: "tq-exit-words" }, say(app, "quick_exit")), " ", keys);
  note.textContent = say(app, "quick_exit_note");
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
  app.connection.forget(() => true);
  return showPage(app, reply.page);
}

/** Put `content` in place of the page that is shown; the first page does not take the focus. */
function place(app, kind, content) {
  const first = app.shown === null;
  app.shown = kind === "loading" ? app.shown : kind;
  app.frame.place.replaceChildren(element("div", { class: `tq-page tq-page-${kind}` }, content));
  if (first || kind === "loading") return;
  app.frame.root.scrollIntoView({ block: "start" });
  app.frame.root.scrollTop = 0;
  app.frame.place.querySelector("h2")?.focus({ preventScroll: true });
}

const heading = (text) => element("h2", { class: "tq-heading", tabindex: "-1" }, text);
const paragraphs = (texts) => (texts ?? []).map((text) => element("p", {}, text));

// ---------------------------------------------------------------- what is saved, and what is not

/** Answers that a closed page would lose: sent without a reply, or typed and not yet sent. */
function hasUnsaved(app) {
  return app.connection.unsaved().length > 0 || Boolean(app.left?.length) || Boolean(app.form?.typed.size);
}

/** Show how things stand: per item, in the bar, and whether the kernel seems to be gone. */
function showState(app) {
  if (!app.frame) return;
  const key = overallState(app);
  const text = key ? say(app, key) : "";
  const { state, spoken } = app.frame;
  state.textContent = text;
  state.dataset.state = key;
  clearTimeout(app.speaking);
  app.speaking = setTimeout(() => spoken.textContent === text || (spoken.textContent = text), SETTLED);
  if (app.form) for (const item of app.form.views.keys()) showItemState(app, item);
  showLost(app);
}

function overallState(app) {
  const { form, connection } = app;
  if (!form) return "";
  const states = [...form.states.values()];
  if (connection.unsaved().length || states.includes("sent"))
    return { sent: "saving", delayed: "not_saved_delayed", late: "not_saved" }[connection.pace];
  if (form.typed.size) return "saving";
  if (states.includes("refused")) return "not_accepted";
  return states.includes("saved") ? "all_saved" : "";
}

function showItemState(app, item) {
  const keys = {
    saved: "item_saved",
    refused: "item_not_accepted",
    sent: app.connection.pace === "sent" ? "item_saving" : "item_not_saved",
  };
  const state = app.form.states.get(item) ?? "";
  const view = app.form.views.get(item);
  view.state.textContent = keys[state] ? say(app, keys[state]) : "";
  view.state.dataset.state = keys[state] ?? "";
  view.clear.hidden = !app.form.answers.get(item);
}

/** Say that no reply comes, once it has not come for long; take that back with the next reply. */
function showLost(app) {
  const { lost } = app.frame;
  const unsaved = app.connection.unsaved().length;
  if (!app.connection.gone) return lost.childElementCount ? lost.replaceChildren() : undefined;
  const text = unsaved ? say(app, "lost_unsaved", { n: unsaved }) : say(app, "lost_safe");
  if (lost.querySelector("p")?.textContent === text) return undefined;
  return lost.replaceChildren(
    element(
      "div",
      { class: "tq-box tq-box-warning" },
      element("strong", {}, say(app, "lost_title")),
      element("p", {}, text),
      button(app, "lost_reload", () => location.reload()),
    ),
  );
}

// ---------------------------------------------------------------- pages without questions

function showLoading(app) {
  fillFrame(app);
  place(app, "loading", element("p", { class: "tq-loading" }, say(app, "loading")));
}

function showToken(app, page, error = "") {
  const field = codeField(app, "token_label", "");
  place(app, "token", [
    heading(say(app, "token_title")),
    element("p", {}, say(app, "token_text")),
    plainForm([field.view, button(app, "token_begin", null, "tq-primary")], () => {
      const token = field.input.value.trim();
      if (!token) return field.fail(say(app, "token_missing"));
      return openWith(app, token);
    }),
    withdrawal(app),
    contact(app),
  ]);
  if (error) field.fail(error);
}

function openWith(app, token) {
  app.token = token;
  showLoading(app);
  app.connection.send({ type: "open", token }, (reply) =>
    hearPage(app, reply, ({ text }) => {
      app.token = "";
      showToken(app, { page: "token" }, text);
    }),
  );
}

function showConsent(app, page) {
  const couple = page.asks_couple_code ? codeField(app, "couple_label", fromAddress().couple, "couple_text") : null;
  const agree = () => {
    const message = { type: "consent", version: page.version, couple_code: couple?.input.value.trim() || null };
    return app.connection
      .ask(message)
      .then((reply) => hearPage(app, reply, couple ? ({ text }) => couple.fail(text) : undefined));
  };
  place(app, "consent", [
    heading(say(app, "consent_title")),
    element("div", { class: "tq-prose" }, paragraphs(page.paragraphs)),
    plainForm(
      [
        couple?.view,
        element(
          "div",
          { class: "tq-actions" },
          button(app, "agree", null, "tq-primary"),
          button(app, "decline", () => showDeclined(app)),
        ),
      ],
      agree,
    ),
    contact(app),
  ]);
}

function showDeclined(app) {
  showMessage(app, { title: say(app, "declined_title"), paragraphs: [say(app, "declined_text")] });
}

function showMessage(app, page) {
  app.form = null;
  place(app, "message", [
    heading(page.title ?? ""),
    element("div", { class: "tq-prose" }, paragraphs(page.paragraphs)),
    WITHDRAWABLE.includes(page.name) ? withdrawal(app) : null,
    contact(app),
  ]);
}

function showFinished(app, page) {
  place(app, "finished", [
    heading(say(app, "finished_title")),
    element("div", { class: "tq-prose" }, paragraphs(page.paragraphs)),
    page.more && app.token
      ? element(
          "div",
          { class: "tq-actions" },
          button(app, "go_on", () => openWith(app, app.token), "tq-primary"),
        )
      : null,
    page.feedback ? feedback(app, page.feedback) : null,
    ownCopy(app),
    page.withdrawal ? withdrawal(app) : null,
    contact(app),
  ]);
}

function feedback(app, given) {
  const picture =
    given.figure &&
    element("img", {
      class: "tq-figure",
      alt: given.figure_text,
      src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(given.figure)}`,
    });
  const words =
    given.figure_text &&
    element("div", {}, element("h4", {}, say(app, "figure_words")), element("p", {}, given.figure_text));
  return element(
    "section",
    { class: "tq-feedback" },
    element("h3", {}, say(app, "feedback_title")),
    element("div", { class: "tq-prose" }, paragraphs(given.paragraphs)),
    picture,
    words,
    element(
      "div",
      { class: "tq-actions tq-no-print" },
      button(app, "print", () => window.print()),
      element("span", { class: "tq-soft" }, say(app, "print_text")),
    ),
  );
}

/** Own answers as a file: made in memory, handed to the browser, forgotten. */
function ownCopy(app) {
  const said = element("p", { class: "tq-soft", role: "status" });
  const fetchIt = () =>
    app.connection.send({ type: "export" }, (reply) => {
      if (reply.type !== "export")
        return reply.type === "refused" ? (said.textContent = reply.text) : hearPage(app, reply);
      download(reply.name, reply.content);
      return (said.textContent = say(app, "exported"));
    });
  return more(
    say(app, "export_title"),
    element("p", {}, say(app, "export_text")),
    button(app, "export", fetchIt),
    said,
  );
}

function download(name, content) {
  const address = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
  const link = element("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), TICK);
}

function withdrawal(app) {
  const field = codeField(app, "withdraw_label", "");
  const ask = () => {
    const code = field.input.value.trim();
    if (!code) return field.fail(say(app, "withdraw_missing"));
    return app.connection
      .ask({ type: "withdraw", code })
      .then((reply) => hearPage(app, reply, ({ text }) => field.fail(text)));
  };
  return more(
    say(app, "withdraw_title"),
    element("p", {}, say(app, "withdraw_text")),
    plainForm([field.view, button(app, "withdraw", null, "tq-danger")], ask),
  );
}

const more = (title, ...content) =>
  element(
    "details",
    { class: "tq-more" },
    element("summary", {}, title),
    element("div", { class: "tq-more-inner" }, content),
  );

function contact(app) {
  return app.contact
    ? element("p", { class: "tq-soft tq-contact" }, say(app, "contact", { contact: app.contact }))
    : null;
}

/** A form that hands over to `done` and never goes anywhere; while that is at work it is not asked again. */
function plainForm(content, done) {
  const form = element("form", { class: "tq-form", novalidate: true, autocomplete: "off" }, content);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.hasAttribute("aria-busy")) return;
    form.setAttribute("aria-busy", "true");
    await done();
    form.removeAttribute("aria-busy");
  });
  return form;
}

/** A labelled field for a code, with a place for what is wrong with it. */
function codeField(app, label, value, help) {
  const id = unique();
  const error = element("p", { class: "tq-error", id: `${id}-error` });
  const hint = help ? element("p", { class: "tq-soft", id: `${id}-help` }, say(app, help)) : null;
  const input = element("input", {
    id,
    class: "tq-input tq-code",
    type: "text",
    value,
    autocomplete: "off",
    autocapitalize: "off",
    autocorrect: "off",
    spellcheck: "false",
    maxlength: "200",
    "aria-describedby": hint ? `${id}-help ${id}-error` : `${id}-error`,
  });
  const view = element(
    "div",
    { class: "tq-field" },
    element("label", { for: id }, say(app, label)),
    hint,
    error,
    input,
  );
  const fail = (text) => {
    error.textContent = text;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  };
  return { view, input, fail };
}

// ---------------------------------------------------------------- the questionnaire

/** Take over a form from the kernel and show the page that was reached. */
function showForm(app, page) {
  const items = page.sections.flatMap((section) => section.items);
  const given = items.filter((item) => item.answer);
  app.form = {
    ...page,
    answers: new Map(given.map((item) => [item.id, item.answer])),
    states: new Map(given.map((item) => [item.id, "saved"])),
    problems: new Map(), // item: what the kernel said against its answer
    views: new Map(), // items on the page that is shown
    typed: new Map(), // item: what sends the text that has not been sent
    asked: new Set(), // pages whose blank items have been mentioned
    opened: new Set(), // pages whose content note has been passed
    arrived: performance.now(),
    since: performance.now(),
  };
  sendLeft(app);
  app.form.start = Math.max(page.first, page.position);
  showSection(app, app.form.start);
}

/** The next page with questions in a direction; pages whose questions were answered in an earlier session have none. */
function neighbour(form, position, step) {
  let found = position + step;
  while (found >= form.first && found < form.sections.length && !form.sections[found].items.length) found += step;
  return found;
}

/** Answers that the last kernel did not acknowledge, sent to this one. */
function sendLeft(app) {
  for (const { item, value, text, reason } of app.left?.splice(0) ?? []) {
    const answer = value != null ? { value } : text != null ? { text } : reason != null ? { reason } : null;
    give(app, { id: item }, answer);
  }
}

/** Go to another page: tell the kernel, with the time spent on the page that is left. */
function goTo(app, position) {
  const { form } = app;
  sendTyped(app);
  const spent = form.timing ? elapsed(form.arrived) : null;
  tell(app, { type: "place", position, milliseconds: spent });
  form.arrived = performance.now();
  showSection(app, position);
}

/** Send a message whose reply matters only if it brings another page. */
function tell(app, message) {
  app.connection.send(message, (reply) => reply.type !== "refused" && hearPage(app, reply));
}

function showSection(app, position) {
  const { form } = app;
  form.position = position;
  form.views.clear();
  form.since = performance.now();
  if (position >= form.sections.length) return showCheck(app);
  const section = form.sections[position];
  const notes = section.items.map((item) => item.note).filter(Boolean);
  if (notes.length && !form.opened.has(position)) return showNote(app, notes);
  return showQuestions(app, section);
}

/** The content note of a page, before any of its questions. */
function showNote(app, notes) {
  const { position } = app.form;
  const open = () => {
    app.form.opened.add(position);
    showSection(app, position);
  };
  place(app, "note", [
    progress(app),
    heading(say(app, "note_title")),
    element("div", { class: "tq-prose" }, opening(app), paragraphs(notes)),
    element(
      "div",
      { class: "tq-actions" },
      button(app, "note_show", open, "tq-primary"),
      button(app, "note_skip", () => goTo(app, neighbour(app.form, position, 1))),
      backButton(app),
    ),
    stopLine(app),
  ]);
  showState(app);
}

function showQuestions(app, section) {
  const { form } = app;
  const summary = element("div", { class: "tq-summary-place" });
  const matrix = section.layout === "matrix" && section.items.every((item) => item.kind === "options");
  const content = plainForm(
    [
      heading(section.title),
      progress(app, section.title),
      element(
        "div",
        { class: "tq-prose tq-instructions" },
        opening(app),
        paragraphs(section.instructions),
        timeframe(app, section),
      ),
      summary,
      matrix
        ? matrixItems(app, section)
        : element(
            "div",
            { class: "tq-items" },
            section.items.map((item) => itemView(app, item)),
          ),
      element("p", { class: "tq-soft tq-keyboard" }, say(app, "keyboard")),
      element("div", { class: "tq-actions tq-steps" }, backButton(app), button(app, "next", null, "tq-primary")),
    ],
    () => leaveSection(app, section, summary),
  );
  place(app, "questions", [content, stopLine(app)]);
  form.problems.forEach((text, item) => showItemError(app, item, text));
  showState(app);
}

/** What a person should know on the first page they see. */
function opening(app) {
  const { form } = app;
  if (form.position !== form.start) return [];
  return [
    isResumed(form) ? element("p", { class: "tq-soft" }, say(app, "resumed")) : null,
    form.closes ? element("p", { class: "tq-soft" }, say(app, "closes", { when: lastMoment(app, form.closes) })) : null,
  ];
}

/** Whether some pages were left in an earlier session: what was answered there is not shown. */
const isResumed = (form) => form.first > 0 || form.sections.some(({ items }) => !items.length);

function timeframe(app, section) {
  return section.timeframe
    ? element("p", { class: "tq-timeframe" }, say(app, "timeframe", { timeframe: section.timeframe }))
    : null;
}

/** How far the person has come; the text is left out where the page's title says the same. */
function progress(app, title = "") {
  const { position, sections } = app.form;
  const pages = sections.length;
  const id = unique();
  const text = position < pages ? say(app, "page_of", { page: position + 1, pages }) : say(app, "page_last");
  const kind = text === title ? "tq-unseen" : "";
  return element(
    "div",
    { class: "tq-progress" },
    element("label", { for: id, class: kind }, text),
    element("progress", { id, max: pages + 1, value: position + 1 }, text),
  );
}

function backButton(app) {
  const { position, first } = app.form;
  const before = neighbour(app.form, position, -1);
  return before >= first ? button(app, "back", () => goTo(app, before), "tq-back") : null;
}

function stopLine(app) {
  const said = element("div", { role: "alert" });
  return element(
    "div",
    { class: "tq-stop-line" },
    button(app, "stop", () => finish(app, { type: "stop" }, said), "tq-quiet"),
    said,
  );
}

/** On to the next page: faults hold it up, blanks are mentioned once. */
function leaveSection(app, section, summary) {
  const { form } = app;
  sendTyped(app);
  const faults = section.items.map((item) => [item, faultOf(app, item)]).filter(([, text]) => text);
  section.items.forEach((item) => showItemError(app, item.id, ""));
  faults.forEach(([item, text]) => showItemError(app, item.id, text));
  if (faults.length) return showSummary(app, summary, "errors_title", "", faults);
  const blank = section.items.filter((item) => !form.answers.get(item.id));
  if (blank.length && !form.asked.has(form.position)) {
    form.asked.add(form.position);
    return showSummary(
      app,
      summary,
      "blank_title",
      "blank_text",
      blank.map((item) => [item, ""]),
    );
  }
  return goTo(app, neighbour(form, form.position, 1));
}

/** What is wrong with an item as it stands; an empty text where nothing is. */
function faultOf(app, item) {
  const { form } = app;
  const view = form.views.get(item.id);
  if (view.fault()) return view.fault();
  if (item.required && !form.answers.get(item.id)) return say(app, "error_required");
  return form.problems.get(item.id) ?? "";
}

/** A box with the focus that names items, each a link to its item. */
function showSummary(app, place, title, text, entries) {
  const links = entries.map(([item, fault]) => {
    const link = element(
      "a",
      { href: `#${app.form.views.get(item.id).id}` },
      fault ? `${item.text} – ${fault}` : item.text,
    );
    link.addEventListener("click", (event) => {
      event.preventDefault(); // the address holds the token: leave it, and the history, alone
      app.form.views.get(item.id).focus();
    });
    return element("li", {}, link);
  });
  const box = element(
    "div",
    { class: `tq-box ${text ? "tq-box-note" : "tq-box-warning"}`, tabindex: "-1" },
    element("h3", {}, say(app, title)),
    text ? element("p", {}, say(app, text)) : null,
    element("ul", {}, links),
  );
  place.replaceChildren(box);
  box.focus();
}

function showItemError(app, item, text) {
  app.form.views.get(item)?.fail(text);
}

// ---------------------------------------------------------------- items

/** Items with the same options: a table to look at where there is room, else a list. */
function matrixItems(app, section) {
  const reasons = reasonsOf(app, section.items);
  const options = section.items[0].options;
  const wide = options.length > 5 ? "tq-matrix-wide" : "tq-matrix-narrow";
  const cells = [...options, ...reasons].map(({ label, reason }) =>
    element("span", { class: reason ? "tq-head-reason" : "" }, label),
  );
  const view = element(
    "div",
    { class: `tq-items tq-matrix ${wide}` },
    element("div", { class: "tq-heads", "aria-hidden": "true" }, element("span"), cells, element("span")),
    section.items.map((item) => itemView(app, item)),
  );
  view.style.setProperty("--options", options.length);
  view.style.setProperty("--reasons", reasons.length);
  return view;
}

/** The reasons for giving no answer that some of these items offer. */
function reasonsOf(app, items) {
  const found = [];
  if (items.some((item) => item.refusable !== false)) found.push({ reason: "refused", label: say(app, "refused") });
  if (items.some((item) => item.not_applicable))
    found.push({ reason: "not_applicable", label: say(app, "not_applicable") });
  return found;
}

/** One item as a fieldset: the question as legend, the ways to answer, its state, its fault. */
function itemView(app, item) {
  const id = unique();
  const radios = item.kind === "options";
  const error = element("p", { class: "tq-error", id: `${id}-error` });
  const state = element("span", { class: "tq-item-state" });
  const clear = clearButton(app, item);
  const control = radios ? radioControl(app, item, id) : typedControl(app, item, id);
  const after = element("div", { class: "tq-after" }, state, clear);
  const foot = element("div", { class: "tq-foot" }, control.reasons, after);
  const attributes = {
    id,
    class: `tq-item tq-item-${item.kind}`,
    "data-item": item.id,
    ...described(id, item, radios),
  };
  const view = element("fieldset", attributes, legendOf(app, item, id), error, control.node, foot);
  clear.addEventListener("click", () => clearItem(app, item, control));
  const fail = (text) => {
    error.textContent = text;
    view.classList.toggle("tq-faulty", Boolean(text));
    mark(radios ? view : control.first(), "aria-invalid", text ? "true" : null);
  };
  app.form.views.set(item.id, { id, state, clear, fail, fault: control.fault, focus: () => control.first().focus() });
  return view;
}

/** What ties a fieldset to its question and its fault. */
function described(id, item, radios) {
  const group = radios ? { role: "radiogroup", "aria-required": item.required ? "true" : null } : {};
  return { "aria-labelledby": `${id}-question`, "aria-describedby": `${id}-error`, ...group };
}

function legendOf(app, item, id) {
  const required = element("span", { class: "tq-required" }, " ", say(app, "required"));
  return element("legend", { id: `${id}-question` }, item.text, item.required ? required : null);
}

/** Takes an answer back; no tab stop of its own, since Delete does the same. */
function clearButton(app, item) {
  const label = say(app, "clear_answer", { question: item.text });
  const attributes = { type: "button", class: "tq-clear", tabindex: "-1", hidden: true, "aria-label": label };
  return element("button", attributes, say(app, "clear"));
}

function clearItem(app, item, control) {
  control.empty();
  give(app, item, null);
  control.first().focus();
}

/** Options and reasons as one radio group: one tab stop, arrow keys inside, Delete clears. */
function radioControl(app, item, id) {
  const answer = app.form.answers.get(item.id);
  const reasons = reasonsOf(app, [item]);
  const radio = (given, label) => {
    const checked = Boolean(answer) && sameAnswer(answer, given);
    const input = element("input", { type: "radio", name: id, checked, required: item.required });
    input.addEventListener("change", () => give(app, item, given));
    const kind = given.reason ? `tq-option tq-reason tq-${given.reason}` : "tq-option";
    return element("label", { class: kind }, input, element("span", {}, label));
  };
  const scale = item.options.map(({ value, label }) => radio({ value }, label));
  const apart = reasons.map(({ reason, label }) => radio({ reason }, label));
  const inputs = [...scale, ...apart].map((label) => label.querySelector("input"));
  const control = {
    node: element("div", { class: "tq-options" }, scale),
    reasons: element("div", { class: "tq-reasons" }, apart),
    first: () => inputs.find((input) => input.checked) ?? inputs[0],
    empty: () => inputs.forEach((input) => (input.checked = false)),
    fault: () => "",
  };
  inputs.forEach((input) =>
    input.addEventListener("keydown", (event) => {
      if (!["Delete", "Backspace"].includes(event.key) || !app.form.answers.get(item.id)) return;
      event.preventDefault();
      clearItem(app, item, control);
    }),
  );
  return control;
}

const sameAnswer = (one, other) =>
  (one.reason ?? null) === (other.reason ?? null) &&
  (one.value ?? one.text ?? null) === (other.value ?? other.text ?? null);

/** A number or free text, with the reasons as boxes to tick. */
function typedControl(app, item, id) {
  const answer = app.form.answers.get(item.id) ?? {};
  const help = element("p", { class: "tq-soft tq-help", id: `${id}-help` });
  const input = typedField(item, id);
  input.value = answer.value ?? answer.text ?? "";
  const boxes = reasonsOf(app, [item]).map(({ reason, label }) => reasonBox(reason, label, answer));
  const views = boxes.map(({ view }) => view);
  const fault = () => (item.kind === "number" ? numberFault(app, item, input.value) : "");
  const explain = () => (help.textContent = typedHelp(app, item, input.value));
  const empty = () => {
    input.value = "";
    boxes.forEach(({ box }) => (box.checked = false));
    explain();
  };
  explain();
  whenTyped(app, item, input, boxes, fault, explain);
  const node = element("div", { class: "tq-typed" }, input, help);
  return { node, reasons: element("div", { class: "tq-reasons" }, views), first: () => input, empty, fault };
}

function typedField(item, id) {
  const common = {
    "aria-labelledby": `${id}-question`,
    "aria-describedby": `${id}-help ${id}-error`,
    autocomplete: "off",
    spellcheck: "false",
    required: item.required,
  };
  const number = { class: "tq-input tq-number", type: "text", inputmode: "numeric", maxlength: "12" };
  if (item.kind === "number") return element("input", { ...common, ...number });
  return element("textarea", { ...common, class: "tq-input", rows: "4", maxlength: item.max_length ?? 2000 });
}

function reasonBox(reason, label, answer) {
  const box = element("input", { type: "checkbox", checked: answer.reason === reason });
  return { reason, box, view: element("label", { class: "tq-option tq-reason" }, box, element("span", {}, label)) };
}

function typedHelp(app, item, text) {
  if (item.kind === "text") return say(app, "characters_left", { n: (item.max_length ?? 2000) - text.length });
  return item.min != null && item.max != null ? say(app, "hint_between", { min: item.min, max: item.max }) : "";
}

/** Send what was typed after a pause, when the field is left, and when the page is. */
function whenTyped(app, item, input, boxes, fault, explain) {
  let timer = 0;
  const sendNow = () => {
    clearTimeout(timer);
    if (!app.form?.typed.delete(item.id)) return;
    app.form.views.get(item.id)?.fail(fault());
    if (fault()) return showState(app);
    const text = input.value.trim();
    return give(
      app,
      item,
      text === "" ? null : item.kind === "number" ? { value: Number(text) } : { text: input.value },
    );
  };
  input.addEventListener("input", () => {
    explain();
    boxes.forEach(({ box }) => (box.checked = false));
    app.form.typed.set(item.id, sendNow);
    app.form.states.delete(item.id);
    clearTimeout(timer);
    if (!fault()) timer = setTimeout(sendNow, PAUSE);
    showState(app);
  });
  input.addEventListener("change", sendNow);
  boxes.forEach(({ reason, box }) =>
    box.addEventListener("change", () => {
      boxes.forEach((other) => (other.box.checked = other.box === box && box.checked));
      input.value = "";
      explain();
      clearTimeout(timer);
      app.form.typed.delete(item.id);
      app.form.views.get(item.id).fail("");
      give(app, item, box.checked ? { reason } : null);
    }),
  );
}

function numberFault(app, item, text) {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  if (!/^[+-]?\d{1,9}$/.test(trimmed)) return say(app, "error_number");
  const number = Number(trimmed);
  const { min, max } = item;
  if ((min == null || number >= min) && (max == null || number <= max)) return "";
  if (min == null) return say(app, "error_most", { max });
  return max == null ? say(app, "error_least", { min }) : say(app, "error_between", { min, max });
}

function sendTyped(app) {
  app.form?.typed.forEach((sendNow) => sendNow());
}

/** An answer was given, or taken back: remember it, and send it at once. */
function give(app, item, answer) {
  const { form, connection } = app;
  const milliseconds = timed(form);
  form.answers.set(item.id, answer);
  form.states.set(item.id, "sent");
  form.problems.delete(item.id);
  showItemError(app, item.id, "");
  const cleared = { value: null, text: null, reason: null };
  const message = {
    type: "answer",
    item: item.id,
    ...(answer ?? cleared),
    ...(milliseconds == null ? {} : { milliseconds }),
  };
  connection.send(message, (reply) => heardOfAnswer(app, form, item, reply));
}

/** Time since the page was shown or the last answer, where the study wants it. */
function timed(form) {
  const milliseconds = form.timing ? elapsed(form.since) : null;
  form.since = performance.now();
  return milliseconds;
}

function heardOfAnswer(app, form, item, reply) {
  if (app.form !== form) return undefined;
  if (reply.type === "saved")
    return form.answers.get(item.id) ? form.states.set(item.id, "saved") : form.states.delete(item.id);
  if (reply.type !== "refused") return hearPage(app, reply);
  form.states.set(item.id, "refused");
  form.problems.set(item.id, reply.text);
  return showItemError(app, item.id, reply.text);
}

// ---------------------------------------------------------------- the end

/** Before sending: how much is answered, what is blank, and that sending is final. */
function showCheck(app) {
  const { form } = app;
  const items = form.sections.slice(form.first).flatMap((section) => section.items);
  const blank = items.filter((item) => !form.answers.get(item.id)).length;
  const key = isResumed(form) ? "check_answered_here" : "check_answered";
  const said = element("div", { class: "tq-summary-place", role: "alert" });
  place(app, "check", [
    progress(app),
    heading(say(app, "check_title")),
    element(
      "div",
      { class: "tq-prose" },
      element("p", {}, say(app, key, { answered: items.length - blank, total: items.length })),
      blank ? element("p", {}, say(app, "check_blank", { n: blank })) : null,
      element("p", {}, say(app, "check_final")),
    ),
    said,
    plainForm(
      element("div", { class: "tq-actions tq-steps" }, backButton(app), button(app, "send", null, "tq-primary")),
      () => submit(app, said),
    ),
    stopLine(app),
  ]);
  showState(app);
}

/** Send the whole, unless the kernel has refused an answer: that has to be looked at first. */
function submit(app, said) {
  const { form } = app;
  const [refused] = form.problems.keys();
  if (refused === undefined) return finish(app, { type: "submit" }, said);
  return showSection(app, sectionOf(form, refused));
}

/** Leave the questionnaire for now or for good, once every answer has been acknowledged. */
async function finish(app, message, said) {
  const { form } = app;
  if (form.finishing) return;
  form.finishing = true;
  sendTyped(app);
  const show = (text) => said?.replaceChildren(...(text ? [element("p", { class: "tq-box tq-box-note" }, text)] : []));
  show(say(app, app.connection.pace === "sent" ? "waiting" : "waiting_long"));
  await app.connection.settled();
  if (app.form !== form) return;
  app.connection.send(message, (reply) => {
    form.finishing = false;
    hearPage(app, reply, (refusal) => heardOfRefusal(app, refusal, show));
  });
}

/** Sending was refused: go to the first question that is in the way and say so there, or say it here. */
function heardOfRefusal(app, { text, item, items }, show) {
  const { form } = app;
  const found = (items ?? [{ item }]).map((one) => one.item).filter((id) => sectionOf(form, id) >= form.first);
  if (!found.length) return show(text);
  found.forEach((id) => form.problems.set(id, text));
  return showSection(app, sectionOf(form, found[0]));
}

const sectionOf = (form, id) => form.sections.findIndex((section) => section.items.some((item) => item.id === id));

// ---------------------------------------------------------------- small things

/** Whole milliseconds since a moment, as far as the kernel takes them. */
const elapsed = (since) => Math.min(Math.trunc(performance.now() - since), LONGEST);

let made = 0;
const unique = () => `tq-${(made += 1)}`;

/** A text of the participant's language, with what stands in braces filled in. */
function say(app, key, values = {}) {
  return (app.texts[key] ?? "").replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The last minute before a moment, as people say it. */
function lastMoment(app, iso) {
  const minute = new Date(new Date(iso).getTime() - 60000);
  return new Intl.DateTimeFormat(app.language, { dateStyle: "full", timeStyle: "short" }).format(minute);
}

/** A button; without `pressed` it submits the form that it stands in. */
function button(app, key, pressed, kind = "") {
  return element(
    "button",
    { type: pressed ? "button" : "submit", class: `tq-button ${kind}`, onclick: pressed },
    say(app, key),
  );
}

/** Set an attribute, or take it away. */
function mark(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else node.setAttribute(name, value);
}

/** An element with attributes and children; text is text, never markup. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
