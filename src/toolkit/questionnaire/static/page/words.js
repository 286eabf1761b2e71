// Words: what the page says, in the participant's language.

/**
 * The participant's page, as an anywidget: the files of this folder are joined into one module, as `assets.py` lists
 * them. It knows nothing but what the kernel sends and keeps nothing outside of its memory: no storage, no cookies, no
 * history entries, no requests. Messages are described in `messages.py`, replies in `session.py`.
 */

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

/** A text of the participant's language, with what stands in braces filled in. */
function say(app, key, values = {}) {
  return (app.texts[key] ?? "").replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The last minute before a moment, as people say it. */
function lastMoment(app, iso) {
  const minute = new Date(new Date(iso).getTime() - 60000);
  return new Intl.DateTimeFormat(app.language, { dateStyle: "full", timeStyle: "short" }).format(minute);
}
