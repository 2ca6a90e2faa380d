// Which words moved an answer: a heat on the words, and the same as a table.

import { make } from "../web/dom.js";
import { change, chance, eventName, plural } from "./numbers.js";

/** Changes smaller than this are not shown as heat: they are the noise of leaving anything out. */
const LEAST = 0.01;
const STEPS = 4;
/** Heat is full at the largest change, and never at one smaller than this. */
const FULL = 0.1;
const NAMED = 6; // words whose change is written beside them
const ROWS = 12; // of the table, before "all"

/** The words of an explanation with their texts, the largest change first. Spans count code points. */
export function moved(text, told) {
  const letters = [...text];
  return told.words.map((word) => ({ ...word, text: letters.slice(word.start, word.end).join("") })).sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
}

/** The explanation as elements. */
export function shown(card, text, told) {
  const ranked = moved(text, told);
  const event = eventName(card, told.event);
  if (ranked.length === 0) return [make("p", {}, "There are no words to leave out.")];
  const most = Math.max(...ranked.map((word) => Math.abs(word.change)));
  const marked = new Map(ranked.map((word, place) => [word.start, { ...word, named: place < NAMED && Math.abs(word.change) >= LEAST, step: step(word.change, Math.max(FULL, most)) }]));
  const letters = [...text];
  const several = told.passages.length > 1;
  return [
    make("p", {}, summary(ranked, event, most)),
    make("p", { class: "legend", "aria-hidden": "true" }, make("mark", { class: "up s3" }, "raised it"), make("mark", { class: "down s3" }, "lowered it"), "unmarked: hardly any difference"),
    several && make("p", { class: "quiet" }, `The text is long, so each of its ${told.passages.length} passages was first read alone; words were left out of the ${plural(told.passages.filter((one) => one.words).length, "passage")} with the highest probability.`),
    make("div", { class: "heat", dir: "auto", translate: "no" }, several ? told.passages.map((one, place) => passage(letters, one, place, marked)) : make("p", {}, pieces(letters, 0, letters.length, marked))),
    table(ranked, told, event),
    make("p", { class: "quiet" }, `Each word was left out once and the guard asked again: “+0.10” says that with the word the probability of ${event} is 0.10 higher than without it. `
      + "This shows what the guard does with the words, not what they mean or what the person meant. Words that say the same twice hide one another, because leaving out one changes little."),
  ];
}

const step = (value, full) => (Math.abs(value) < LEAST ? 0 : Math.ceil((Math.abs(value) / full) * STEPS));

function summary(ranked, event, most) {
  if (most < LEAST) return `No single word moved the probability of ${event} by more than ${LEAST}. It rests on the text as a whole, or on words that say the same.`;
  const list = (sign) => ranked.filter((word) => word.change * sign >= Math.max(LEAST, most / 4)).slice(0, 3);
  const told = (words) => words.flatMap((word, place) => [place ? ", " : "", "“", make("bdi", {}, word.text), `” (${change(word.change)})`]);
  const [up, down] = [list(1), list(-1)];
  return [up.length > 0 && ["Most raised by ", told(up)], up.length > 0 && down.length > 0 && "; ", down.length > 0 && [up.length ? "most lowered by " : "Most lowered by ", told(down)], "."].flat(3).filter(Boolean);
}

function pieces(letters, start, end, marked) {
  const made = [];
  let plain = start;
  for (let at = start; at < end; at += 1) {
    const word = marked.get(at);
    if (!word || word.step === 0) continue;
    made.push(letters.slice(plain, at).join(""), make("mark", { class: `${word.change > 0 ? "up" : "down"} s${word.step}`, title: change(word.change) },
      letters.slice(word.start, word.end).join(""), word.named && make("sup", { "aria-hidden": "true" }, change(word.change))));
    plain = word.end;
    at = word.end - 1;
  }
  return [...made, letters.slice(plain, end).join("")].filter((piece) => piece !== "");
}

function passage(letters, one, place, marked) {
  const head = `Passage ${place + 1}: ${chance(one.probability)} alone`;
  const body = make("p", {}, pieces(letters, one.start, one.end, marked));
  return one.words ? make("section", { class: "passage looked", "aria-label": head }, make("p", { class: "head" }, head), body)
    : make("details", { class: "passage" }, make("summary", { class: "head" }, head), body);
}

function table(ranked, told, event) {
  const base = (word) => told.passages.find((one) => one.start <= word.start && word.end <= one.end)?.probability ?? told.probability;
  const row = (word) => make("tr", {}, make("th", { scope: "row", dir: "auto" }, word.text), make("td", {}, change(word.change)), make("td", {}, chance(Math.max(0, Math.min(1, base(word) - word.change)))));
  const body = make("tbody", {}, ranked.slice(0, ROWS).map(row));
  const all = make("button", { type: "button", class: "small", onclick: () => { body.append(...ranked.slice(ROWS).map(row)); all.remove(); } }, `Show all ${ranked.length} words`);
  return make("details", { class: "as-table" }, make("summary", {}, "The same as a table"),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Words and their changes" }, make("table", {}, make("caption", {}, `Words by how far they moved the probability of ${event}`),
      make("thead", {}, make("tr", {}, ["Word", "Change", "Without it"].map((name) => make("th", { scope: "col" }, name)))), body)), ranked.length > ROWS && all);
}
