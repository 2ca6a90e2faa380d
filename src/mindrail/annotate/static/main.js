// Sign-in, the content warning, the bar on top, and which view is open.

import { get, leave, post, Refused } from "./api.js";
import { agreement } from "./agreement.js";
import { disputes } from "./disputes.js";
import { ask, key, make, say, show } from "../web/dom.js";
import { label } from "./label.js";

const WARNED = "mindrail-warned"; // in this tab
const KEYS = "mindrail-single-keys"; // on this machine; neither ever holds a text
const VIEWS = { label, disputes, agreement };

let session = null;
let view = null;
let singleKeys = localStorage.getItem(KEYS) !== "off";

async function start() {
  const secret = location.hash.slice(1);
  history.replaceState(null, "", location.pathname); // the secret does not stay in the address bar
  try {
    session = secret.length > 20 ? await post("session", { secret }) : await get("session");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return door(error);
  }
  document.title = session.title;
  if (!sessionStorage.getItem(WARNED)) return warn();
  return open("label");
}

function door(error) {
  const field = make("input", { id: "link", autocomplete: "off", type: "password" });
  const enter = (event) => {
    event.preventDefault();
    location.hash = field.value.trim().split("#").at(-1);
    location.reload();
  };
  show(make("section", { class: "panel narrow" }, make("h1", {}, "Sign in"), make("p", {}, error.message),
    make("form", { onsubmit: enter }, make("label", { for: "link" }, "Or paste your link here"), field,
      make("button", { class: "main" }, "Sign in"))));
  field.focus();
}

function warn() {
  const go = () => { sessionStorage.setItem(WARNED, "yes"); open("label"); };
  show(make("section", { class: "panel narrow" }, make("h1", { tabindex: "-1" }, "Before you begin"), make("p", {}, session.warning),
    make("p", {}, "Everything stays on this machine. Your answers are saved one by one, as you give them."),
    make("button", { class: "main", id: "begin", onclick: go }, "Begin ", key("Enter"))));
  document.getElementById("begin").focus();
}

function open(name) {
  say("");
  const tabs = session.lead ? [["label", "Label"], ["disputes", "Disagreements"], ["agreement", "Agreement"]] : [];
  document.getElementById("bar").replaceChildren(
    make("p", { class: "title" }, session.title),
    tabs.length ? make("nav", { "aria-label": "Views" }, tabs.map(([to, words]) => make("button", { "aria-current": to === name ? "page" : null, onclick: () => open(to) }, words))) : "",
    make("div", { class: "me" }, make("span", {}, session.name),
      make("button", { class: "small", onclick: help }, "Keys ", key("?")),
      make("button", { class: "small", onclick: () => leave().then(() => { sessionStorage.removeItem(WARNED); location.reload(); }) }, "Sign out")));
  view = VIEWS[name](session);
}

async function help() {
  const rows = [["1 … 9", "choose an option"], ["0", "choose none (where several may be chosen)"], ["Y, N", "answer a test"], ["Enter", "save and go on"],
    ["⌫", "one question back"], ["S", "skip"], ["U", "undo the last answer"], ["C", "cover or show the text"], ["M", "write a note"], ["A, B", "decide for an opinion"], ["L", "decide later"]];
  const box = make("input", { type: "checkbox", id: "single", checked: singleKeys });
  await ask("Keys", [make("dl", { class: "keys" }, rows.map(([name, words]) => [make("dt", {}, make("kbd", {}, name)), make("dd", {}, words)])),
    make("p", {}, box, make("label", { for: "single" }, " Single keys act (switch off if they get in the way of a screen reader or of speech input)"))], [["yes", "Close"]]);
  singleKeys = box.checked;
  localStorage.setItem(KEYS, singleKeys ? "on" : "off");
}

document.addEventListener("keydown", (event) => {
  const target = event.target;
  const writes = target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
  if (!view || writes || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (document.querySelector("dialog[open]")) return;
  const plain = event.key.length === 1;
  if (plain && !singleKeys) return;
  if (event.key === "Enter" && target.matches("button, a, summary")) return; // does what it does everywhere
  if (event.key === "?") help();
  else if (!view.press(plain ? event.key.toLowerCase() : event.key)) return;
  event.preventDefault();
});

start();
