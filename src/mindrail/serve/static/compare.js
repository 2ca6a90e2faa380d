// Two guards on the same text: what they share and where they part, in a few sentences and a table.

import { make } from "../web/dom.js";
import { DECISIONS, because } from "./verdict.js";
import { change } from "./numbers.js";
import { moved } from "./words.js";

const ORDER = ["allow", "review", "block"];
const ROWS = 10;

/** How two panels' answers differ, in sentences; empty unless both have answered. */
export function sentences([one, other]) {
  if (!one?.judged || !other?.judged) return "";
  const [a, b] = [one.judged.decision, other.judged.decision];
  if (a === b) return `Both say the same: ${DECISIONS[a].toLowerCase()}. Each has thresholds of its own, so their numbers need not agree.`;
  const [strict, mild] = ORDER.indexOf(a) > ORDER.indexOf(b) ? [one, other] : [other, one];
  return `They differ. ${strict.card.id} is the stricter one (${DECISIONS[strict.judged.decision].toLowerCase()}): ${because(strict.card, strict.judged)} `
    + `${mild.card.id} (${DECISIONS[mild.judged.decision].toLowerCase()}): ${because(mild.card, mild.judged)}`;
}

/** The words that moved either, with what they did to both; nothing unless both were looked into. */
export function words([one, other]) {
  if (!one?.words || !other?.words) return null;
  const found = new Map();
  for (const [place, panel] of [one, other].entries()) {
    for (const word of moved(panel.text(), panel.words)) {
      const row = found.get(word.start) ?? { text: word.text, changes: [null, null] };
      row.changes[place] = word.change;
      found.set(word.start, row);
    }
  }
  const apart = ({ changes: [a, b] }) => Math.abs((a ?? 0) - (b ?? 0));
  const rows = [...found.values()].sort((a, b) => apart(b) - apart(a)).slice(0, ROWS);
  const cell = (value) => make("td", {}, value === null ? "not looked into" : change(value));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Words on which they differ" }, make("table", {}, make("caption", {}, "Words on which they differ most: what each did to the probability"),
    make("thead", {}, make("tr", {}, ["Word", one.card.id, other.card.id].map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, rows.map((row) => make("tr", {}, make("th", { scope: "row", dir: "auto" }, row.text), row.changes.map(cell))))));
}
