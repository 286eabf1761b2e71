// Withdrawing: the code, a second thought, and then the end of all answers.

const OWN = { text: "withdraw_text_own", go: "withdraw_own", sure: "withdraw_sure_own" };
const OF_CODE = { text: "withdraw_text_code", go: "withdraw_code", sure: "withdraw_sure_code" };

/** Where one may withdraw: with one's own code, or, before anybody is known, with any code of the study. */
function withdrawal(app, words = OWN) {
  const field = codeField(app, "withdraw_label", "");
  const place = element("div");
  const ask = () => {
    if (!field.input.value.trim()) return field.fail(say(app, "withdraw_missing"));
    return confirmWithdrawal(app, place, form, field, words);
  };
  const form = plainForm([field.view, button(app, words.go, null, "tq-danger")], ask);
  place.append(form);
  return more(say(app, "withdraw_title"), element("p", {}, say(app, words.text)), place);
}

/** Ask once more, in place of the form; what is wrong with the code is said in the form. */
function confirmWithdrawal(app, place, form, field, words) {
  const back = () => {
    place.replaceChildren(form);
    field.input.focus();
  };
  const keep = () => place.querySelector("[aria-busy]") || back(); // what is under way cannot be called back
  const refused = ({ text }) => {
    back();
    field.fail(text);
  };
  const message = { type: "withdraw", code: field.input.value.trim() };
  const goOn = () => app.connection.ask(message).then((reply) => hearPage(app, reply, refused));
  const id = unique();
  const question = element(
    "div",
    { class: "tq-box tq-box-warning", role: "group", "aria-labelledby": id, tabindex: "-1" },
    element("p", { id }, say(app, words.sure)),
    element(
      "div",
      { class: "tq-actions" },
      button(app, "withdraw_keep", keep),
      button(app, words.go, null, "tq-danger"),
    ),
  );
  place.replaceChildren(plainForm(question, goOn));
  question.focus();
}
