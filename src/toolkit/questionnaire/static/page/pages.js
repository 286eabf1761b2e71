// Pages without questions: the code, the consent, messages, and the end with its rights.

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

function contact(app) {
  return app.contact
    ? element("p", { class: "tq-soft tq-contact" }, say(app, "contact", { contact: app.contact }))
    : null;
}
