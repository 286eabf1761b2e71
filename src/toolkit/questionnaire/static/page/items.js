// Items: a question with its options as a radio group, alone or in a matrix.

/**
 * @typedef {{value?: number|string, text?: string, reason?: string}} Answer
 * @typedef {{value: number|string, label: string}} Option
 * @typedef {{id: string, text: string, kind: string, options?: Option[], min?: number, max?: number,
 *   max_length?: number, required?: boolean, not_applicable?: boolean, refusable?: boolean, note?: string,
 *   answer?: Answer}} Item
 * @typedef {{id: string, title: string, instructions: string[], timeframe: string, layout: string,
 *   items: Item[]}} Section
 */

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
  app.form.faulty.delete(item.id);
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
