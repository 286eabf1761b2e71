// Saving: answers on their way to the kernel, and what the page says about them.

const LONGEST = 2_000_000_000; // milliseconds that the kernel takes as a time
const SETTLED = 800; // milliseconds a state has to last until it is read out

/** Whole milliseconds since a moment, as far as the kernel takes them. */
const elapsed = (since) => Math.min(Math.trunc(performance.now() - since), LONGEST);

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

function sendTyped(app) {
  app.form?.typed.forEach((sendNow) => sendNow());
}

/** Answers that the last kernel did not acknowledge, sent to this one. */
function sendLeft(app) {
  for (const { item, value, text, reason } of app.left?.splice(0) ?? []) {
    const answer = value != null ? { value } : text != null ? { text } : reason != null ? { reason } : null;
    give(app, { id: item }, answer);
  }
}

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
  if (states.includes("refused") || form.faulty.size) return "not_accepted";
  return states.includes("saved") ? "all_saved" : "";
}

function showItemState(app, item) {
  const keys = {
    saved: "item_saved",
    refused: "item_not_accepted",
    sent: app.connection.pace === "sent" ? "item_saving" : "item_not_saved",
  };
  const state = app.form.faulty.has(item) ? "refused" : (app.form.states.get(item) ?? "");
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
