// Pages without questions: the code, the consent, messages, and the end with its rights.

const COUPLE_CODE = /^[0-9a-z]{4}(-[0-9a-z]{4}){4}$/i;
const WITHDRAWABLE = ["not_due", "sent", "done", "over", "stopped"]; // messages after which one may withdraw

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
    linkNote(app),
    withdrawal(app, OF_CODE),
    contact(app),
  ]);
  if (error) field.fail(error);
}

function openWith(app, token) {
  app.token = token;
  const held = app.held ? { held: app.held } : {};
  showLoading(app);
  app.connection.send({ type: "open", token, ...held }, (reply) => {
    app.held = "";
    hearPage(app, reply, ({ text }) => {
      app.token = "";
      showToken(app, { page: "token" }, text);
    });
  });
}

function showConsent(app, page) {
  const couple = page.asks_couple_code ? coupleField(app, fromAddress().couple) : null;
  const agree = () => {
    const message = { type: "consent", version: page.version, couple_code: couple?.code() || null };
    return app.connection
      .ask(message)
      .then((reply) => hearPage(app, reply, couple ? ({ text }) => couple.fail(text) : undefined));
  };
  place(app, "consent", [
    heading(say(app, "consent_title")),
    element("div", { class: "tq-prose" }, paragraphs(page.paragraphs), linkNote(app)),
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

/** The couple's code: one line where the link has brought it, to be changed on demand; else a field. */
function coupleField(app, given) {
  const field = codeField(app, "couple_label", given, "couple_text");
  const code = () => field.input.value.trim();
  if (!COUPLE_CODE.test(given)) return { view: field.view, code, fail: field.fail };
  const change = () => {
    view.replaceChildren(field.view);
    field.input.focus();
  };
  const line = element(
    "p",
    { class: "tq-line" },
    element("span", {}, `${say(app, "couple_label")}: `, element("strong", { class: "tq-code" }, given)),
    button(app, "change", change, "tq-quiet"),
  );
  const view = element("div", {}, line);
  const fail = (text) => {
    change();
    field.fail(text);
  };
  return { view, code, fail };
}

/** What a link left in the browser shows to whoever opens it; a notebook has none. */
function linkNote(app) {
  return isEmbedded(app) ? null : element("p", { class: "tq-soft tq-link-note" }, say(app, "link_note"));
}

function showDeclined(app) {
  showMessage(app, { title: say(app, "declined_title"), paragraphs: [say(app, "declined_text")] });
}

function showMessage(app, page) {
  app.form = null;
  app.left = [];
  place(app, "message", [
    heading(page.title ?? ""),
    element("div", { class: "tq-prose" }, paragraphs(saidBy(app, page))),
    WITHDRAWABLE.includes(page.name) ? withdrawal(app) : null,
    contact(app),
  ]);
}

function showFinished(app, page) {
  place(app, "finished", [
    heading(say(app, "finished_title")),
    element("div", { class: "tq-prose" }, paragraphs(saidBy(app, page))),
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

/** What a person may read about their own answers; where help is to be had comes first, and stands out. */
function feedback(app, given) {
  const [sound, help, ...rest] = given.paragraphs;
  const [title, ...topics] = given.figure_text.split("\n");
  const picture =
    given.figure &&
    element("img", {
      class: "tq-figure",
      alt: "", // the words below say the same
      "aria-hidden": "true",
      src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(given.figure)}`,
    });
  const words =
    given.figure_text &&
    element(
      "div",
      { class: "tq-words" },
      element("h4", {}, say(app, "figure_words")),
      element("p", {}, title),
      element(
        "ul",
        {},
        topics.map((topic) => element("li", {}, topic)),
      ),
    );
  return element(
    "section",
    { class: "tq-feedback" },
    element("h3", {}, say(app, "feedback_title")),
    element("div", { class: "tq-box" }, paragraphs([sound, help])),
    element("div", { class: "tq-prose" }, paragraphs(rest)),
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

function contact(app) {
  return app.contact
    ? element("p", { class: "tq-soft tq-contact" }, say(app, "contact", { contact: app.contact }))
    : null;
}
