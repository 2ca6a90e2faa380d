// The page: who is asked, what is asked, and the answers.

import { ask, key, main, make, say, show } from "../web/dom.js";
import { guards, Refused, told, use } from "./api.js";
import { sentences, words } from "./compare.js";
import { rendered } from "./markdown.js";
import { panel } from "./panel.js";
import { editor } from "./turns.js";

let page = null;

async function start() {
  try {
    open(await guards());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) door();
    else show(make("section", { class: "panel narrow" }, make("h1", {}, "No guard answers"), make("p", {}, told(error)), make("button", { class: "main", onclick: start }, "Try again")));
  }
}

/** Ask for a key, then do what comes next. It is kept in this page's memory, and goes into headers of requests alone. */
function door(wrong = "", then = open) {
  const field = make("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", "aria-describedby": "why" });
  const enter = async (event) => {
    event.preventDefault();
    try {
      use(field.value.trim());
      then(await guards());
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      door(told(error), then);
      say(told(error), { grave: true });
    }
  };
  say("");
  show(make("section", { class: "panel narrow" }, make("h1", {}, "This server wants a key"),
    make("p", { id: "why" }, wrong || "Whoever runs it has one for you. It stays in the memory of this page and is gone when you close it."),
    make("form", { onsubmit: enter }, make("label", { for: "key" }, "Key"), field, make("button", { class: "main" }, "Go on ", key("Enter")))));
  field.focus();
}

function open(cards) {
  say("");
  document.title = `${cards[0].id} · mindrail`;
  page = asking(cards);
  document.getElementById("bar").replaceChildren(make("p", { class: "title" }, "mindrail"),
    make("div", { class: "me" }, make("button", { class: "small", onclick: help }, "Keys")));
}

/** The page on which one asks. */
function asking(cards) {
  const heading = make("h1", { tabindex: "-1" });
  const answers = make("div", { class: "answers" });
  const compared = make("p", { class: "compared", hidden: true });
  const between = make("section", { class: "panel between", "aria-label": "Words compared", hidden: true });
  const about = make("section", { class: "cards", "aria-label": "Cards" });
  const go = make("button", { type: "button", class: "main", id: "ask", onclick: () => judge() });
  const why = make("button", { type: "button", id: "why", hidden: true, onclick: () => explain() }, "Which words moved it?");
  const stop = make("button", { type: "button", id: "stop", hidden: true, onclick: () => halt() }, "Stop ", key("Esc"));
  const old = make("p", { class: "remark", id: "old", hidden: true }, "The text has changed since. This answer is about the earlier one.");
  let panels = [];
  let running = null;
  let changed = false;

  const text = editor(cards[0].judges, () => { changed = true; age(); });

  /** What stands there is about an earlier text. */
  function age() {
    panels.forEach((one) => one.age());
    old.hidden = !panels.some((one) => one.judged);
  }

  function choose(names) {
    halt();
    const chosen = names.map((name) => cards.find((card) => card.id === name));
    panels = chosen.map((card) => panel(card, { again: () => judge() }));
    answers.replaceChildren(...panels.map((one) => one.element));
    answers.classList.toggle("two", panels.length > 1);
    about.replaceChildren(...chosen.map(described));
    heading.textContent = panels.length > 1 ? "What do two guards say?" : chosen[0].asks;
    go.replaceChildren(panels.length > 1 ? "Ask both " : "Ask the guard ", key("Ctrl Enter"));
    why.hidden = old.hidden = true;
    compare();
  }

  function halt() {
    running?.abort();
    running = null;
    stop.hidden = true;
  }

  /** Do something that can be stopped, for every panel, and say what came of it. Whether it was done. */
  async function during(words, act) {
    halt();
    const mine = running = new AbortController();
    say(words);
    stop.hidden = false;
    let done = false;
    try {
      const said = await Promise.all(panels.map((one) => act(one, mine.signal)));
      say(said.filter(Boolean).join(" "));
      done = true;
    } catch (error) {
      if (error.name === "AbortError") {
        if (running === null) say("Stopped."); // and not because something else was asked
      } else if (error instanceof Refused && error.status === 401) lost();
      else throw error;
    } finally {
      if (mine === running) halt();
    }
    compare();
    return done;
  }

  function compare() {
    const told = sentences(panels);
    compared.textContent = told || "How they differ will stand here.";
    compared.classList.toggle("empty", !told);
    compared.hidden = panels.length < 2;
    between.replaceChildren(words(panels) ?? "");
    between.hidden = between.childElementCount === 0;
  }

  async function judge(then = () => {}) {
    const question = text.asked();
    if (question === null) {
      say("Write a message first.");
      return text.focus();
    }
    why.hidden = old.hidden = true;
    changed = false;
    if (!await during("Asking …", (one, signal) => one.judge(question, signal))) return undefined;
    why.hidden = !panels.some((one) => one.judged);
    if (changed) age(); // while it was being asked
    view(answers);
    return then();
  }

  async function explain() {
    why.hidden = true;
    await during("Asking again without each of the words …", (one, signal) => one.explain(signal));
    why.hidden = panels.every((one) => one.words || !one.judged);
    view(answers.querySelector(".words:not([hidden])"));
  }

  /** Where the answers stand below the text, bring them into view. */
  function view(element) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (matchMedia("(max-width: 60rem)").matches) element?.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }

  function lost() {
    const [mine, here] = [page, [...main.children]];
    page = null;
    door("The key is not valid any more. What you wrote is still here.", () => { say(""); page = mine; show(here); text.focus(); });
  }

  show(heading, make("div", { class: "ask-and-answer" },
    make("div", { class: "asked" }, cards.length > 1 && choices(cards, choose), text.element, make("div", { class: "row go" }, go, why, stop)),
    make("section", { class: "results", "aria-label": "Answers" }, old, compared, answers, between)), about);
  choose(cards.slice(0, 2).map((card) => card.id));
  text.focus();
  return { judge, both: () => judge(explain), halt };
}

/** Which guards are asked: one, or two side by side. */
function choices(cards, choose) {
  const options = (chosen) => cards.map(({ id }) => make("option", { value: id, selected: id === chosen }, id));
  const first = make("select", { id: "first" }, options(cards[0].id));
  const second = make("select", { id: "second" }, make("option", { value: "" }, "nothing"), options(cards[1].id));
  const changed = () => choose([first.value, ...(second.value && second.value !== first.value ? [second.value] : [])]);
  [first, second].forEach((field) => field.addEventListener("change", changed));
  return make("div", { class: "choices" }, make("label", { for: "first" }, "Guard"), first, make("label", { for: "second" }, "compared with"), second);
}

function described(card) {
  return make("details", { class: "panel card" }, make("summary", {}, `The card of ${card.id}`),
    card.card === null ? make("p", {}, "Its folder holds no card, or one that was changed since the guard was made.") : rendered(card.card));
}

function help() {
  const rows = [["Ctrl Enter", "ask (⌘ Enter on a Mac)"], ["Ctrl Shift Enter", "ask, and look which words moved the answer"], ["Esc", "stop asking"], ["Tab", "to the next field or button"]];
  return ask("Keys", make("dl", { class: "keys" }, rows.map(([name, words]) => [make("dt", {}, make("kbd", {}, name)), make("dd", {}, words)])), [["yes", "Close"]]);
}

document.addEventListener("keydown", (event) => {
  if (!page || event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") page.halt();
  else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (event.shiftKey) page.both();
    else page.judge();
  }
});

start();
