// One answer of a guard: the decision, how near each threshold is, how much was read, and what it rests on.

import { capital, make, readable } from "../web/dom.js";
import { icon } from "./icons.js";
import { chance, eventName, plural, share } from "./numbers.js";

export const DECISIONS = { allow: "Allowed", review: "To be reviewed", block: "Blocked" };

const MEANS = {
  user: {
    allow: "No threshold was reached. That does not mean that the person is safe.",
    review: "Somebody should read this.",
    block: "This would be stopped. Whoever wrote it still deserves a kind answer.",
  },
  assistant: {
    allow: "No threshold was reached. That does not mean that the reply is good.",
    review: "Somebody should read this reply before it is sent.",
    block: "This reply would not be sent.",
  },
};

const VIEWS = {
  plain: "without signs that nobody sees", lookalikes: "with look-alike letters made plain", emoji: "with emoji as words", spaced: "with spaced-out letters joined",
  leet: "with digits for letters made plain", decoded: "decoded", "upside-down": "turned around", backwards: "backwards", shifted: "with shifted letters put back",
  vowels: "with left-out vowels filled in", typos: "with slips of the keyboard put right",
};

/** The event that decided, else the one that came closest to its threshold. */
export function leading(card, { answer, chances }) {
  if (answer.event) return card.events.find((one) => one.name === answer.event);
  const gap = (one) => chances[one.name] - (one.review ?? one.block);
  return [...card.events].sort((a, b) => gap(b) - gap(a))[0];
}

const limits = ({ review, block }) => [review !== null && `review from ${chance(review)}`, block !== null && `block from ${chance(block)}`].filter(Boolean);

/** Why, in one sentence. */
export function because(card, judged) {
  const { answer, chances } = judged;
  if (answer.reason === "empty") return "There is no text to judge.";
  const one = leading(card, judged);
  const found = `${eventName(card, one.name)} has a probability of ${chance(chances[one.name])}`;
  if (answer.code === "over-block") return `${found}; from ${chance(one.block)} on it is blocked.`;
  if (answer.code === "over-review") return `${found}; from ${chance(one.review ?? one.block)} on it is reviewed.`;
  if (answer.code === "clear") return `${capital(found)}, the closest to a threshold: ${limits(one).join(", ")}.`;
  return `${capital(answer.reason)}.`;
}

/** The decision, why, and how near each threshold is. */
export function verdict(card, judged) {
  const { answer, decision } = judged;
  const session = decision !== answer.decision;
  return [
    make("div", { class: `banner ${decision}` }, icon(decision),
      make("div", {}, make("p", { class: "decision" }, DECISIONS[decision]), make("p", {}, MEANS[card.judges][decision]))),
    session && make("p", { class: "remark" }, `This turn alone would be ${DECISIONS[answer.decision].toLowerCase()}. What was said before adds up: ${risk(judged.risk)}`),
    make("p", { class: "because" }, because(card, judged)),
    answer.reason !== "empty" && make("ul", { class: "bars", "aria-label": "Probabilities and thresholds" }, card.events.map((one) => bar(card, one, judged.chances[one.name]))),
  ];
}

/** What the answer rests on: how much was read and how, what its number means, what is promised. */
export function grounds(card, judged) {
  const { answer, decision } = judged;
  return [
    answer.reason !== "empty" && make("p", { class: "quiet" }, `Label by label: ${card.axis.labels.map(({ name }) => `${readable(name)} ${chance(answer.probabilities[name])}`).join(" · ")}`),
    make("dl", { class: "facts" }, facts(card, judged, decision !== answer.decision)),
    answer.reason !== "empty" && make("p", { class: "quiet" }, meaning(card, judged)),
    promise(card),
  ];
}

function bar(card, one, value) {
  const rail = make("div", { class: "rail", "aria-hidden": "true" }, one.review !== null && make("i", { class: "zone review" }), one.block !== null && make("i", { class: "zone block" }),
    make("i", { class: "fill" }), one.review !== null && make("i", { class: "tick review" }), one.block !== null && make("i", { class: "tick block" }));
  const places = { "--value": value, "--from-review": one.review, "--from-block": one.block, "--to-block": one.block ?? 1 };
  Object.entries(places).forEach(([name, at]) => at !== null && rail.style.setProperty(name, at));
  const over = one.block !== null && value >= one.block ? "block" : value >= (one.review ?? 2) ? "review" : "allow";
  return make("li", { class: `bar-of ${over}` }, make("p", { class: "head" }, make("span", {}, capital(eventName(card, one.name))), make("span", { class: "value" }, chance(value))),
    rail, make("p", { class: "limits" }, limits(one).map((words) => make("span", { class: words.split(" ")[0] }, words))));
}

const risk = ({ level, raised }) => `the conversation stands at ${level.toFixed(2)}, where 1 is as much as one turn at the review threshold${raised ? ", and is being watched" : ""}.`;

function facts(card, { answer, risk: session, place }, said) {
  const read = answer.coverage;
  const rows = [["Read", `${share(read)} of the text, ${plural(answer.windows, "window")}`]];
  if (read < 1) rows[0][1] += read < card.coverage_floor ? `. Less than ${share(card.coverage_floor)} is never simply allowed.` : ". The rest are signs that the model does not know.";
  if (answer.view) rows.push(["Read as", answer.view.split("+").map((name) => VIEWS[name] ?? name).join(", ")]);
  if (place > 0 && !said) rows.push(["So far", capital(risk(session))]);
  rows.push(["Guard", `${card.id} · ${answer.guard}`]);
  return rows.map(([name, words]) => [make("dt", {}, name), make("dd", {}, words)]);
}

function meaning(card, judged) {
  const one = leading(card, judged);
  const value = judged.chances[one.name];
  const many = value >= 0.995 ? "nearly all" : value < 0.005 ? "hardly any" : `about ${Math.round(value * 100)} in 100`;
  return `What ${chance(value)} means: of messages that look like this one to the guard, ${many} were ${eventName(card, one.name)} in the data it was calibrated on. It does not say how much danger anybody is in.`;
}

function promise(card) {
  const against = card.tested.some(({ verdict: found }) => found === "contradicted");
  return make("div", { class: `promise${against ? " grave" : ""}` }, make("h4", {}, card.promised ? "The promise" : "No promise"),
    make("p", {}, `${capital(card.promise.replace(/^no promise: /u, "").replace(/\.$/u, ""))}.`), [...new Set(card.tested.map(({ says }) => says))].map((words) => make("p", {}, words)));
}
