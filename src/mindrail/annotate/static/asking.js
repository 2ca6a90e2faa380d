// One question on the page: options with their definitions, or the tests of a first_of question one by one.

import { capital, key, make, readable } from "../web/dom.js";
import { answer, back, begin, current, test } from "./questions.js";

/**
 * Asks all questions of a taxonomy in `place`. `done(answers)` is called when they are confirmed; `action` is what
 * the last button says. Returns { press(key), reset() }: press answers whether it used the key.
 */
export function asking(taxonomy, place, action, done) {
  let state = begin();
  let chosen = new Set();

  const go = (next) => { state = next; chosen = new Set(); render(true); };
  const axis = () => current(taxonomy, state);

  function confirm() {
    const asked = axis();
    if (!asked) return done(state.answers);
    if (asked.kind === "any_of") return move(asked, asked.labels.map((l) => l.name).filter((n) => chosen.has(n)));
    if (chosen.size === 1) return move(asked, [...chosen][0]);
    return undefined;
  }

  // the last answer of a question with options is also the confirmation
  function move(asked, said) {
    const next = answer(asked, state, said);
    if (current(taxonomy, next) === null) return done(next.answers);
    return go(next);
  }

  function choose(name) {
    const asked = axis();
    if (asked.kind !== "any_of") chosen = new Set([name]);
    else if (!chosen.delete(name)) chosen.add(name);
    render(false);
  }

  function render(moved) {
    const asked = axis();
    const held = !moved && place.contains(document.activeElement) ? document.activeElement.id : null;
    place.replaceChildren(...[told(), asked ? (asked.kind === "first_of" ? node(asked) : options(asked)) : review()]
      .flat().filter(Boolean));
    if (held) document.getElementById(held)?.focus();
    else if (moved) place.querySelector("h2, legend, button.main")?.focus({ preventScroll: true });
  }

  /** What was answered so far, with a way back. */
  function told() {
    const lines = Object.entries(state.answers).map(([name, said]) => make("li", {}, `${readable(name)}: `,
      make("strong", {}, Array.isArray(said) ? said.map(readable).join(", ") || "none" : readable(said))));
    const asked = axis();
    if (asked?.kind === "first_of" && state.node) {
      const denied = asked.labels.slice(0, state.node).map((label) => readable(label.name));
      lines.push(make("li", {}, "not: ", denied.join(", ")));
    }
    if (!lines.length) return null;
    return make("div", { class: "told" }, make("ul", {}, lines),
      make("button", { class: "small", onclick: () => go(back(state)) }, "Back ", key("⌫")));
  }

  function node(asked) {
    const label = asked.labels[state.node];
    return [
      make("p", { class: "count" }, `${capital(asked.name)}, test ${state.node + 1} of ${asked.labels.length - 1}`),
      make("h2", { tabindex: "-1" }, `Does “${readable(label.name)}” fit?`),
      definition(label),
      make("div", { class: "row" },
        make("button", { id: "yes", class: "answer", onclick: () => go(test(asked, state, true)) }, "Yes, it fits ", key("Y")),
        make("button", { id: "no", class: "answer", onclick: () => go(test(asked, state, false)) }, "No ", key("N"))),
      make("details", { class: "all" }, make("summary", {}, "All labels in their order"),
        make("ol", {}, asked.labels.map((one) => make("li", {}, make("strong", {}, readable(one.name)), ` ${one.means}`)))),
    ];
  }

  function options(asked) {
    const several = asked.kind === "any_of";
    const rows = asked.labels.map((label, place) => make("div", { class: "option" },
      make("input", {
        type: several ? "checkbox" : "radio", name: "said", id: `option-${place}`, checked: chosen.has(label.name),
        "aria-describedby": `means-${place}`, onchange: () => choose(label.name),
      }),
      make("label", { for: `option-${place}` }, make("strong", {}, readable(label.name)), place < 9 && key(place + 1)),
      make("div", { id: `means-${place}` }, definition(label))));
    const hint = several ? "Choose all that fit, or none." : asked.kind === "scale" ? "Each is worse than the one before." : null;
    const ready = several || chosen.size === 1;
    const after = answer(asked, state, several ? [...chosen] : [...chosen][0] ?? "");
    const last = current(taxonomy, after) === null;
    return [
      make("fieldset", {}, make("legend", { tabindex: "-1" }, capital(asked.name)),
        hint && make("p", { class: "hint" }, hint), rows),
      make("button", { id: "confirm", class: "main", onclick: confirm, "aria-disabled": ready ? null : "true" },
        last ? action : "Continue", " ", key("Enter")),
    ];
  }

  /** All is answered by tests: what the last one led to, once more, and the button that keeps it. */
  function review() {
    const asked = taxonomy.axes.findLast((one) => one.name in state.answers);
    const label = asked.labels.find((one) => one.name === state.answers[asked.name]);
    return [
      label && definition(label),
      make("button", { id: "confirm", class: "main", onclick: confirm }, action, " ", key("Enter")),
    ];
  }

  function press(name) {
    const asked = axis();
    if (name === "Enter") { confirm(); return true; }
    if (name === "Backspace") { go(back(state)); return true; }
    if (asked?.kind === "first_of") {
      if (!["y", "n", "1", "2"].includes(name)) return false;
      go(test(asked, state, name === "y" || name === "1"));
      return true;
    }
    if (!asked || !/^[0-9]$/.test(name)) return false;
    if (name === "0" && asked.kind === "any_of") { chosen = new Set(); render(false); return true; }
    const label = asked.labels[Number(name) - 1];
    if (!label) return false;
    choose(label.name);
    return true;
  }

  render(false);
  return { press, reset: () => go(begin()) };
}

/** What a label means, what does not count, and examples to unfold. */
export function definition(label) {
  return make("div", { class: "definition" },
    make("p", {}, label.means),
    label.does_not_count?.length ? make("p", { class: "except" }, make("em", {}, "Does not count: "), label.does_not_count.join("; "), ".") : null,
    label.examples?.length ? make("details", {}, make("summary", {}, "Examples"),
      make("ul", {}, label.examples.map((text) => make("li", {}, text)))) : null);
}
