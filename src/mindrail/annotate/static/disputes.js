// Where people differ: answers side by side, anonymous until somebody has decided.

import { fresh, post } from "./api.js";
import { asking, definition } from "./asking.js";
import { conversation } from "./conversation.js";
import { key, main, make, readable, say, show } from "../web/dom.js";

const LETTERS = "ABCDEFGHIJ";

export function disputes(session) {
  let dispute = null;
  let questions = null;
  let settled = false;

  async function next(after = null) {
    ({ dispute } = await post("dispute", { after }));
    settled = false;
    render();
  }

  function render() {
    if (!dispute) {
      questions = null;
      show(make("section", { class: "panel" }, make("h1", { tabindex: "-1" }, "No disagreement waits"),
        make("p", {}, "Every item that several people have finished was either answered alike or is decided.")));
    } else {
      const own = make("section", { class: "panel asking", "aria-label": "Your own answer" });
      const why = make("input", { id: "why", maxlength: "2000", autocomplete: "off" });
      show(make("div", { class: "work" },
        make("div", {}, make("h1", { tabindex: "-1" }, `Disagreement (${dispute.left} wait)`),
          make("section", { class: "text" }, conversation(dispute.turns)),
          dispute.notes.map((words) => make("p", { class: "note" }, words))),
        make("div", {},
          make("section", { class: "opinions", "aria-label": "What people said" }, dispute.opinions.map(opinion)),
          make("div", { class: "field" }, make("label", { for: "why" }, "Why (optional, kept with the decision)"), why),
          make("details", { class: "panel" }, make("summary", {}, "Decide something else"), own),
          make("div", { class: "tools" }, make("button", { onclick: () => next(dispute.item) }, "Later ", key("L"))))));
      questions = asking(session.taxonomy, own, "Decide so", decide);
    }
    main.querySelector("h1").focus({ preventScroll: true });
  }

  const opinion = (answers, place) => make("article", { class: "panel opinion" },
    make("h2", {}, `Opinion ${LETTERS[place]}`), told(answers), meanings(session.taxonomy, answers),
    make("button", { class: "answer", onclick: () => decide(answers) }, `Decide for ${LETTERS[place]} `, key(LETTERS[place])));

  async function decide(answers) {
    if (settled) return;
    settled = true;
    const why = document.getElementById("why").value;
    try {
      const { said } = await post("decide", { uid: fresh(), item: dispute.item, answers, why });
      say("Decided.");
      const after = dispute.item;
      show(make("section", { class: "panel" }, make("h1", { tabindex: "-1" }, "Decided"), told(answers),
        make("p", {}, "Now it may be known who said what:"),
        make("ul", {}, said.map((one) => make("li", {}, make("strong", {}, one.who), ": ", words(one.answers)))),
        make("button", { class: "main", id: "on", onclick: () => next(after) }, "Next ", key("Enter"))));
      document.getElementById("on").focus();
    } catch (error) {
      settled = false;
      say(`Not saved. ${error.message}`, { grave: true });
    }
  }

  function press(name) {
    if (settled || !dispute) return false;
    if (name === "l") { next(dispute.item); return true; }
    const place = LETTERS.toLowerCase().indexOf(name);
    if (place >= 0 && place < dispute.opinions.length) { decide(dispute.opinions[place]); return true; }
    return main.querySelector("details[open] .asking") ? questions.press(name) : false;
  }

  next().catch((error) => say(error.message, { grave: true }));
  return { press };
}

const words = (answers) => Object.entries(answers)
  .map(([axis, said]) => `${readable(axis)} ${Array.isArray(said) ? said.map(readable).join(", ") || "none" : readable(said)}`)
  .join("; ");

/** What the labels of an opinion mean, and what does not count. */
const meanings = (taxonomy, answers) => taxonomy.axes.flatMap((axis) => axis.labels
  .filter((label) => [answers[axis.name]].flat().includes(label.name)).map(definition));

const told = (answers) => make("dl", { class: "answers" }, Object.entries(answers).map(([axis, said]) => [
  make("dt", {}, readable(axis)), make("dd", {}, Array.isArray(said) ? said.map(readable).join(", ") || "none" : readable(said)),
]));
