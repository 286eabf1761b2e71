// Typed items: numbers and free text, with the reasons as boxes to tick.

const PAUSE = 1200; // milliseconds without a key until typed text is sent

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
    ...UNREMEMBERED,
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
    if (fault()) {
      app.form.faulty.add(item.id);
      return showState(app);
    }
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
    app.form.faulty.delete(item.id);
    if (!fault()) app.form.views.get(item.id).fail(""); // not only on leaving: that would move the button under the pointer
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
      app.form.faulty.delete(item.id);
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
