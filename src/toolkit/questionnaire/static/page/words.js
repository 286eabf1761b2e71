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
  left: "The questionnaire has been closed.",
};

/** A text of the participant's language, with what stands in braces filled in. */
function say(app, key, values = {}) {
  return (app.texts[key] ?? "").replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A moment by the study's clock, in the reader's way of writing it; the zone is named where the reader's differs. */
function moment(app, iso, before = 0) {
  const date = new Date(Date.parse(iso) - before);
  const locale = navigator.language?.startsWith(app.language) ? navigator.language : app.language;
  const write = (options, timeZone) => new Intl.DateTimeFormat(locale, { ...options, timeZone }).format(date);
  const clock = (zone) => ({ date: write({ dateStyle: "full" }, zone), time: write({ timeStyle: "short" }, zone) });
  const studys = say(app, "moment", clock(app.zone));
  return studys === say(app, "moment", clock()) ? studys : `${studys} ${zoneName(app)}`;
}

/** The last minute before a moment: until then, and not after, one can answer. */
const lastMoment = (app, iso) => moment(app, iso, 60000);

/** The zone, or UTC for a browser that has not heard of it. */
function knownZone(timeZone) {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }) && timeZone;
  } catch {
    return "UTC";
  }
}

/** Cities that have another name in some language. */
const CITIES = { "Europe/Vienna": "city_vienna", "Europe/Zurich": "city_zurich" };

/** The study's zone as people call it: by its city. */
function zoneName(app) {
  const [area, ...rest] = app.zone.split("/");
  if (!rest.length || area === "Etc") return `(${app.zone.replace("Etc/", "")})`;
  const city = CITIES[app.zone] ? say(app, CITIES[app.zone]) : rest.at(-1).replaceAll("_", " ");
  return `(${say(app, "zone", { city })})`;
}

/** What the kernel says in paragraphs, with the next opening put in where it is spoken of. */
const saidBy = (app, { paragraphs, next }) =>
  (paragraphs ?? []).map((text) => (next ? text.replace("{moment}", () => moment(app, next)) : text));
