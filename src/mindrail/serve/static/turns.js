// The conversation as it is typed or pasted. What is written stands in the fields and nowhere else: nothing offers to
// complete, correct or translate it, since some browsers send what they correct to their makers.

import { make } from "../web/dom.js";
import { conversation } from "./paste.js";

const ROLES = [["user", "Person"], ["assistant", "Reply"]];
const PRIVATE = { autocomplete: "off", autocorrect: "off", autocapitalize: "off", spellcheck: "false", translate: "no", "data-gramm": "false", "data-lt-active": "false" };

/** `side`: whose turns are usually judged; `changed`: called when anything is. Gives { element, asked, clear, focus }. */
export function editor(side, changed) {
  const list = make("ol", { class: "turns" });
  const hint = make("p", { class: "hint" }, "Write or paste a message, or a whole conversation: lines that begin with “Person:” and “Reply:”, or messages in JSON.");
  const offer = make("div", { class: "offer", role: "status" });
  const add = make("button", { type: "button", class: "small", onclick: () => { append(other(rows().at(-1))).field.focus(); update(); } }, "Add a turn");
  const clear = make("button", { type: "button", class: "small", onclick: () => { set([{ role: side, text: "" }]); rows()[0].field.focus(); } }, "Clear");
  const element = make("section", { class: "editor", "aria-labelledby": "said" }, make("h2", { id: "said" }, "What was said"), hint, list, offer,
    make("div", { class: "row" }, add, clear));

  const rows = () => [...list.children].map((item) => item.row);
  const other = (row) => (row.role.value === "user" ? "assistant" : "user");

  function append(role, text = "") {
    const speaker = make("select", { onchange: update }, ROLES.map(([value, name]) => make("option", { value, selected: value === role }, name)));
    const field = make("textarea", { rows: "3", dir: "auto", ...PRIVATE, oninput: typed, onpaste: pasted });
    const judged = make("input", { type: "radio", name: "judged", onchange: update });
    const drop = make("button", { type: "button", class: "small drop", onclick: () => remove(item) }, "Remove");
    const mark = make("label", { class: "mark" }, judged, " judge this");
    const item = make("li", { class: "turn" }, make("div", { class: "about" }, speaker, mark, drop), field);
    field.value = text;
    item.row = { item, role: speaker, field, judged, drop, mark };
    list.append(item);
    judged.checked = true;
    return item.row;
  }

  function remove(item) {
    const left = item.nextElementSibling ?? item.previousElementSibling;
    const was = item.row.judged.checked;
    item.remove();
    if (was) rows().at(-1).judged.checked = true;
    left.row.field.focus();
    update();
  }

  function update() {
    const all = rows();
    all.forEach(({ item, role, field, judged, drop, mark }, place) => {
      const alone = all.length === 1;
      item.className = `turn ${role.value}${judged.checked ? " judged" : ""}`;
      role.setAttribute("aria-label", `Who speaks in turn ${place + 1}`);
      field.setAttribute("aria-label", alone ? "Message" : `Turn ${place + 1}`);
      judged.setAttribute("aria-label", `Judge turn ${place + 1}`);
      drop.setAttribute("aria-label", `Remove turn ${place + 1}`);
      drop.hidden = mark.hidden = alone;
    });
    changed();
  }

  function typed() {
    offer.replaceChildren();
    changed();
  }

  function pasted({ target }) {
    setTimeout(() => { // when the text stands there
      const turns = conversation(target.value);
      offer.replaceChildren(...(turns === null ? [] : [
        make("span", {}, `This reads like a conversation of ${turns.length} turns. `),
        make("button", { type: "button", class: "small", onclick: () => { set(turns); rows().at(-1).field.focus(); } }, "Split it into turns")]));
    });
  }

  function set(turns) {
    list.replaceChildren();
    offer.replaceChildren();
    turns.forEach(({ role, text }) => append(role, text));
    (rows().findLast((row) => row.role.value === side) ?? rows().at(-1)).judged.checked = true;
    update();
  }

  /** What is asked: { messages, focus, role, text }; null where nothing is written in the judged turn. Empty turns are left out. */
  function asked() {
    const said = rows().map(({ role, field, judged }) => ({ role: role.value, content: field.value.toWellFormed?.() ?? field.value, judged: judged.checked }))
      .filter(({ content, judged }) => judged || content.trim());
    const focus = said.findIndex(({ judged }) => judged);
    const { role, content } = said[focus];
    return content.trim() ? { messages: said.map(({ role: from, content: text }) => ({ role: from, content: text })), focus, role, text: content } : null;
  }

  set([{ role: side, text: "" }]);
  return { element, asked, focus: () => (rows().find((row) => row.judged.checked) ?? rows()[0]).field.focus() };
}
