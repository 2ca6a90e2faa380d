// The page to label on: one item at a time, everything by keyboard.

import { fresh, get, post, Refused } from "./api.js";
import { asking } from "./asking.js";
import { conversation } from "./conversation.js";
import { ask, key, main, make, say, show } from "../web/dom.js";

/** Opens the view; returns { press, close }. `rest` tells how many minutes lie between two reminders of a break. */
export function label(session) {
  let asked = null; // what the server wants to know
  let questions = null;
  let shownAt = 0;
  let covered = false;
  let busy = false;
  let failed = null; // an action that did not get through, kept with its number until it does
  let mine = 0;
  let sinceBreak = 0;
  let breakFrom = performance.now();

  const heading = make("h1", { tabindex: "-1" }, session.taxonomy.asks);
  const text = make("section", { class: "text", "aria-label": "Conversation" });
  const side = make("section", { class: "panel asking", "aria-label": "Questions" });
  const tools = make("div", { class: "tools" });
  const notes = make("section", { class: "notes", "aria-label": "Notes" });
  const how = make("p", { class: "progress" });

  async function attempt(path, body, words) {
    if (busy) return;
    busy = true;
    try {
      const { asked: next } = await post(path, body);
      failed = null;
      if (path === "undo" && !next) return say("There is nothing to take back.");
      say(words);
      if (path === "label") { mine += 1; sinceBreak += 1; }
      receive(next);
      if (path !== "label" || mine % 20 === 0) progress();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      trouble(error, { path, body, words });
    } finally {
      busy = false;
    }
    return undefined;
  }

  function trouble(error, action) {
    if (error.code === "answered_elsewhere") {
      say(`${error.message} Here is the next.`);
      busy = false;
      return attempt("next", {}, "Here is the next message.");
    }
    if (error.status === 401) return location.reload();
    if (error.code === "taxonomy_changed") return say(error.message, { grave: true });
    failed = action;
    say(`Not saved. ${error.message}`, { grave: true });
    tools.replaceChildren(make("button", { class: "main", onclick: again }, "Try again ", key("Enter")));
    return undefined;
  }

  const again = () => attempt(failed.path, failed.body, failed.words);

  function receive(next) {
    asked = next;
    render();
    breather();
  }

  function render() {
    covered = false;
    if (!asked) return finished();
    if (!main.contains(text)) show(make("div", { class: "work" }, make("div", {}, heading, text, tools, notes), make("div", {}, side, how)));
    text.replaceChildren(conversation(asked.turns));
    questions = asking(session.taxonomy, side, "Save, next", save);
    tools.replaceChildren(
      make("button", { onclick: skip }, "Skip ", key("S")),
      make("button", { onclick: undo }, "Undo ", key("U")),
      make("button", { onclick: cover, "aria-pressed": "false", id: "cover" }, "Cover ", key("C")),
      make("button", { onclick: jot }, "Note ", key("M")));
    notes.replaceChildren(...asked.notes.map((words) => make("p", { class: "note" }, words)));
    told();
    shownAt = performance.now();
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    return undefined;
  }

  function finished() {
    show(make("section", { class: "panel" }, make("h1", { tabindex: "-1" }, "Nothing is left for you"),
      make("p", {}, "Every message that was meant for you has an answer. Thank you."),
      make("button", { onclick: undo }, "Undo the last ", key("U"))));
    main.querySelector("h1").focus();
  }

  const told = () => how.replaceChildren(session.counts ? `${mine} by you; ${session.counts.done} of ${session.counts.items} done` : "");

  async function progress() {
    try {
      session.counts = await get("progress");
      mine = session.counts.mine;
      told();
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // a number that is late is no trouble
    }
  }

  function save(answers) {
    const seconds = Math.round((performance.now() - shownAt) / 100) / 10;
    return attempt("label", { uid: fresh(), item: asked.item, answers, expects: asked.standing, seconds }, "Saved. Next message.");
  }

  const skip = () => asked && attempt("skip", { uid: fresh(), item: asked.item, expects: asked.standing }, "Skipped. Next message.");
  const undo = () => attempt("undo", { uid: fresh() }, "Taken back: judge this one again.");

  function cover() {
    covered = !covered;
    text.replaceChildren(covered ? make("p", { class: "covered" }, "The text is covered. Press C to show it.") : conversation(asked.turns));
    document.getElementById("cover")?.setAttribute("aria-pressed", covered);
    say(covered ? "The text is covered." : "The text is shown.");
  }

  /** A field for a note; Control and Enter keep it, Escape throws it away. */
  function jot() {
    if (!asked || notes.querySelector("textarea")) return;
    const field = make("textarea", { id: "note", maxlength: "4000", rows: "3" });
    const form = make("form", { onsubmit: (event) => { event.preventDefault(); keep(field.value.trim(), form); } },
      make("label", { for: "note" }, "A note for yourself and for whoever adjudicates"), field,
      make("div", { class: "row" }, make("button", { class: "main" }, "Keep ", key("Ctrl Enter")),
        make("button", { type: "button", onclick: () => close(form) }, "Cancel ", key("Esc"))));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close(form);
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    notes.append(form);
    field.focus();
  }

  const close = (form) => { form.remove(); heading.focus(); };

  async function keep(words, form) {
    if (!words) return close(form);
    try {
      await post("note", { uid: fresh(), item: asked.item, text: words });
      notes.insertBefore(make("p", { class: "note" }, words), form);
      say("Note kept.");
      close(form);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(`The note is not saved. ${error.message}`, { grave: true });
    }
    return undefined;
  }

  /** A reminder to rest, with the text covered while it stands there. */
  async function breather() {
    const minutes = (performance.now() - breakFrom) / 60000;
    if (minutes < session.rest || !asked) return;
    cover();
    await ask("Time for a break",
      make("p", {}, `You have judged ${sinceBreak} messages in ${Math.round(minutes)} minutes. Stand up, look far away, drink something. If something you read stays with you, speak to somebody about it.`),
      [["yes", "Go on"]]);
    breakFrom = performance.now();
    sinceBreak = 0;
    if (covered) cover();
    shownAt = performance.now();
  }

  function press(name) {
    if (failed && name === "Enter") { again(); return true; }
    const act = { s: skip, u: undo, c: cover, m: jot }[name];
    if (act && (asked || name === "u")) { act(); return true; }
    return asked && questions ? questions.press(name) : false;
  }

  progress();
  post("next").then(({ asked: next }) => receive(next), (error) => trouble(error, { path: "next", body: {}, words: "" }));
  return { press };
}
