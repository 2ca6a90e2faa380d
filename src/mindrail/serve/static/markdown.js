// A guard's card. It reads what our own writer writes (headings, paragraphs, lists, quotes, pipe tables, code), makes
// elements with text nodes, and leaves everything else as it stands: no card can bring markup, links or pictures.

import { make } from "../web/dom.js";

const CELL = /(?<!\\)\|/u;
const RULE = /^\|(\s*:?-+:?\s*\|)+\s*$/u;

/** The card as elements; the front matter, which is for machines, is left out. */
export function rendered(markdown) {
  const lines = markdown.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/u, "").split(/\r?\n/u);
  return blocks(lines);
}

function blocks(lines) {
  const made = [];
  for (let at = 0; at < lines.length;) {
    const taken = KINDS.find(({ begins }) => begins(lines, at));
    let end = at + 1;
    while (end < lines.length && taken.goes(lines[end], lines[at])) end += 1;
    made.push(taken.make(lines.slice(at, end), made));
    at = end + (taken.closes ? 1 : 0);
  }
  return made.filter(Boolean);
}

const starts = (what) => (lines, at) => what.test(lines[at]);
const KINDS = [
  { begins: starts(/^\s*$/u), goes: (line) => !line.trim(), make: () => null },
  { begins: starts(/^```/u), goes: (line) => !line.startsWith("```"), closes: true, make: ([, ...code]) => make("pre", { tabindex: "0" }, make("code", {}, code.join("\n"))) },
  { begins: starts(/^#{1,6} /u), goes: () => false, make: ([line]) => make(line.startsWith("# ") ? "h3" : "h4", {}, plain(line.replace(/^#+ /u, ""))) },
  { begins: (lines, at) => lines[at].startsWith("|") && RULE.test(lines[at + 1] ?? ""), goes: (line) => line.startsWith("|"), make: table },
  { begins: starts(/^> ?/u), goes: (line) => line.startsWith(">"), make: (quoted) => make("blockquote", {}, blocks(quoted.map((line) => line.replace(/^> ?/u, "")))) },
  { begins: starts(/^- /u), goes: (line) => line.startsWith("- "), make: (items) => make("ul", {}, items.map((line) => make("li", {}, plain(line.slice(2))))) },
  { begins: () => true, goes: (line) => line.trim() !== "" && !/^([|>#]|- |```)/u.test(line), make: (words) => make("p", {}, inline(words.join(" "))) },
];

function table([head, , ...rows]) {
  const [first, ...others] = cells(head);
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Table: ${first}` }, make("table", {},
    make("thead", {}, make("tr", {}, [first, ...others].map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, rows.map((row) => make("tr", {}, cells(row).map((words, place) => make(place ? "td" : "th", place ? {} : { scope: "row" }, words)))))));
}

const cells = (row) => row.replace(/^\|/u, "").replace(/\|\s*$/u, "").split(CELL).map((words) => plain(words.trim()));

/** **Strong** words and `code`; everything else as it is. */
const inline = (words) => words.split(/(\*\*[^*]+\*\*|`[^`]+`)/u).map((part) => {
  if (/^\*\*.+\*\*$/u.test(part)) return make("strong", {}, plain(part.slice(2, -2)));
  return /^`.+`$/u.test(part) ? make("code", {}, part.slice(1, -1)) : plain(part);
});

const plain = (words) => words.replace(/\\([\\`*_{}[\]<>|#~])/gu, "$1");
