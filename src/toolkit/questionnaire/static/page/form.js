// Form: the questionnaire page by page, and what holds a page up.

/** Take over a form from the kernel and show the page that was reached. */
function showForm(app, page) {
  const items = page.sections.flatMap((section) => section.items);
  const given = items.filter((item) => item.answer);
  app.form = {
    ...page,
    answers: new Map(given.map((item) => [item.id, item.answer])),
    states: new Map(given.map((item) => [item.id, "saved"])),
    problems: new Map(), // item: what the kernel said against its answer
    faulty: new Set(), // items whose text, as it stands in its field, cannot be sent
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
  form.faulty.clear();
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
        introduction(app, section),
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

/** What an instrument asks for: in full where it begins, then folded away. */
function introduction(app, section) {
  const { form } = app;
  if (!section.instructions.length) return [];
  if (!section.continued || form.position === form.start) return paragraphs(section.instructions);
  return more(say(app, "introduction"), paragraphs(section.instructions));
}

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

const sectionOf = (form, id) => form.sections.findIndex((section) => section.items.some((item) => item.id === id));
