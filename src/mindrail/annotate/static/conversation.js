// A conversation, with the turn under judgement marked.

import { make } from "../web/dom.js";

const SPEAKERS = { user: "Person", assistant: "Supporter" };

export function conversation(turns) {
  const last = turns.length - 1;
  const shown = turns.map((turn, place) => make("li", { class: `turn ${turn.speaker}${place === last ? " judged" : ""}` },
    make("p", { class: "who" }, SPEAKERS[turn.speaker] ?? turn.speaker,
      place === last && make("span", { class: "mark" }, "judge this")),
    make("blockquote", { dir: "auto" }, turn.text)));
  return make("ol", { class: "conversation", "aria-label": "Conversation, oldest first; the last turn is judged" }, shown);
}
