// Sending: the look back before the end, and leaving for now or for good.

/** Before sending: how much is answered, what is blank, and that sending is final. */
function showCheck(app) {
  const { form } = app;
  const items = form.sections.slice(form.first).flatMap((section) => section.items);
  const blank = items.filter((item) => !form.answers.get(item.id)).length;
  const counts = { answered: items.length - blank, total: items.length };
  const said = element("div", { class: "tq-summary-place", role: "alert" });
  place(app, "check", [
    progress(app),
    heading(say(app, "check_title")),
    element(
      "div",
      { class: "tq-prose" },
      isResumed(form) ? sinceOpened(app, counts) : element("p", {}, say(app, "check_answered", counts)),
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

/** What was answered since the page was opened, apart from what was answered before. */
function sinceOpened(app, counts) {
  const texts = [counts.total ? say(app, "check_answered_here", counts) : "", say(app, "check_before")];
  return element("p", {}, texts.filter(Boolean).join(" "));
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
