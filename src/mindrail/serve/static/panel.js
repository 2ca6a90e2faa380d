// One guard's place on the page: nothing yet, an answer, or that there is none. An error is never shown as an answer.

import { make } from "../web/dom.js";
import { explain, judge, Refused, told } from "./api.js";
import { icon } from "./icons.js";
import { because, DECISIONS, grounds, verdict } from "./verdict.js";
import { shown } from "./words.js";

/** Gives { element, card, judge, explain, wait, age, judged, words }. */
export function panel(card, { again }) {
  const answer = make("div", { class: "decided" });
  const rest = make("div", { class: "grounds" });
  const words = make("section", { class: "words", "aria-label": `Which words moved ${card.id}`, hidden: true });
  const element = make("article", { class: "panel answer", "aria-label": `Answer of ${card.id}` }, make("h2", { class: "name" }, card.id), make("p", { class: "quiet asks" }, card.asks),
    answer, words, rest);
  const one = { element, card, judged: null, words: null };
  let asked = null;

  function put(...children) {
    answer.replaceChildren(...children.flat(Infinity).filter(Boolean));
    rest.replaceChildren();
    element.classList.remove("old");
    element.removeAttribute("aria-busy");
  }

  /** Ask for an answer. Says in one sentence what came of it; throws only what is not the server's. */
  one.judge = async (question, signal) => {
    asked = question;
    one.judged = one.words = null;
    words.replaceChildren();
    words.hidden = true;
    if (question.role !== card.judges) {
      const side = card.judges === "user" ? "what a person says" : "what a reply says";
      put(none("Not for this guard", `It judges ${side}; the chosen turn is the other side's. Nothing was decided.`));
      return `${card.id}: not for this guard.`;
    }
    element.setAttribute("aria-busy", "true");
    element.classList.add("old");
    try {
      one.judged = await judge({ model: card.id, messages: question.messages, focus: question.focus }, signal);
    } catch (error) {
      if (error.name === "AbortError" && asked === question) one.wait();
      if (!(error instanceof Refused)) throw error;
      put(none("No answer", `${told(error)} Nothing was decided: treat the text as not allowed.`, again));
      if (error.status === 401) throw error;
      return `${card.id}: no answer. ${told(error)}`;
    }
    put(verdict(card, one.judged));
    rest.replaceChildren(...grounds(card, one.judged).filter(Boolean));
    return `${card.id}: ${DECISIONS[one.judged.decision]}. ${because(card, one.judged)}`;
  };

  /** Ask which words moved the answer that stands there. */
  one.explain = async (signal) => {
    if (!one.judged) return "";
    const about = one.judged;
    words.hidden = false;
    words.replaceChildren(make("h3", {}, "Which words moved it"), make("p", { class: "waiting" }, "Asking again without each of the words …"));
    try {
      one.words = await explain({ model: card.id, messages: asked.messages, focus: asked.focus }, signal);
    } catch (error) {
      if (error.name === "AbortError" && one.judged === about) words.hidden = true;
      if (!(error instanceof Refused)) throw error;
      words.lastChild.replaceWith(none("Not looked into", `${told(error)} The answer above stands.`));
      return `${card.id}: the words were not looked into. ${told(error)}`;
    }
    words.replaceChildren(make("h3", {}, "Which words moved it"), ...shown(card, asked.text, one.words).filter(Boolean));
    return `${card.id}: ${words.querySelector("p").textContent}`;
  };

  one.wait = () => put(make("p", { class: "empty" }, "The answer will stand here."));

  /** The text has changed since: what stands there is about the earlier one. */
  one.age = () => element.classList.toggle("old", one.judged !== null);

  one.text = () => asked?.text ?? "";
  one.wait();
  return one;
}

function none(title, words, again) {
  return make("div", { class: "banner none" }, icon("none"), make("div", {}, make("p", { class: "decision" }, title), make("p", {}, words),
    again && make("button", { type: "button", class: "small", onclick: again }, "Try again")));
}
