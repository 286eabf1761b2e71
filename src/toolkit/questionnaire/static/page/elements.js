// Elements: the small pieces that every page is made of.

let made = 0;
const unique = () => `tq-${(made += 1)}`;

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

/** Set an attribute, or take it away. */
function mark(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else node.setAttribute(name, value);
}

/** A button; without `pressed` it submits the form that it stands in. */
function button(app, key, pressed, kind = "") {
  return element(
    "button",
    { type: pressed ? "button" : "submit", class: `tq-button ${kind}`, onclick: pressed },
    say(app, key),
  );
}

const heading = (text) => element("h2", { class: "tq-heading", tabindex: "-1" }, text);
const paragraphs = (texts) => (texts ?? []).map((text) => element("p", {}, text));

const more = (title, ...content) =>
  element(
    "details",
    { class: "tq-more" },
    element("summary", {}, title),
    element("div", { class: "tq-more-inner" }, content),
  );

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

/** What keeps a field out of the memory of browser and keyboard, and its text out of their services. */
const UNREMEMBERED = { autocomplete: "off", autocorrect: "off", spellcheck: "false", writingsuggestions: "false" };

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
    ...UNREMEMBERED,
    autocapitalize: "none",
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
