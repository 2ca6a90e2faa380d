// How far people agree, with intervals, and how far everybody is.

import { get } from "./api.js";
import { capital, draw, main, make, readable, say, show } from "../web/dom.js";

const NAMES = {
  percent: "Pairs that agree", kappa: "Fleiss’ κ", alpha: "Krippendorff’s α", ac1: "Gwet’s AC1", ac2: "Gwet’s AC2 (near misses count in part)",
  cohen: "Cohen’s κ",
};

const number = (value) => (value == null ? "undefined" : value.toFixed(2));

export function agreement() {
  show(make("p", {}, "Counting …"));
  Promise.all([get("agreement"), get("progress")]).then(render, (error) => say(error.message, { grave: true }));
  return { press: () => false };
}

function render([found, progress]) {
  show(make("h1", { tabindex: "-1" }, "Agreement"), far(progress), Object.entries(found).map(question));
  main.querySelector("h1").focus({ preventScroll: true });
}

function far({ parts, people, disputes }) {
  const rows = Object.entries(parts).map(([part, n]) => make("li", {},
    `${part === "test" ? "Pinned test sample" : "Pool"}: ${n.done} of ${n.items} done, ${n.several_done} of ${n.several} by several people`));
  const who = people.map((one) => make("li", {}, `${one.name}: ${one.labels} labelled, ${one.skips} skipped`));
  return make("section", { class: "panel" }, make("h2", {}, "So far"), make("ul", {}, rows, make("li", {}, `${disputes} disagreements wait`)), make("ul", {}, who));
}

function question([name, told]) {
  return make("section", { class: "panel" }, make("h2", {}, capital(name)),
    told.overall && [rule(told), table("All labels together", told.overall), notes(told.overall)],
    told.nodes && many("Test by test, among those who came as far", told.nodes),
    many("Label by label", told.labels),
    told.pairs && Object.keys(told.pairs).length > 1 && many("Pair by pair", told.pairs),
    told.over_time?.length > 1 && many("Over time", Object.fromEntries(told.over_time.map((one, n) => [`run ${n + 1}`, one]))));
}

function rule({ rule: { below, discuss } }) {
  if (discuss === null) return null;
  return make("p", { class: discuss ? "verdict grave" : "verdict" }, discuss
    ? `κ is below ${below}: meet, discuss, and label again before going on.`
    : `κ is not below ${below}: go on.`);
}

const notes = ({ notes: lines }) => lines.length > 0 && make("ul", { class: "remarks" }, lines.map((line) => make("li", {}, line)));

function table(caption, { shared, coefficients }) {
  const rows = Object.entries(coefficients).map(([name, { value, low, high }]) => make("tr", {},
    make("th", { scope: "row" }, NAMES[name] ?? name), make("td", {}, number(value)),
    make("td", {}, value == null ? "" : `${number(low)} to ${number(high)}`), make("td", { class: "bar" }, value == null ? "" : bar(value, low, high))));
  return make("div", { class: "scroll" }, make("table", {}, make("caption", {}, `${caption} (${shared} items judged by two or more)`),
    make("thead", {}, make("tr", {}, ["Measure", "Value", "95 % interval", "0 to 1"].map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows)));
}

function many(caption, each) {
  const rows = Object.entries(each).map(([name, { shared, coefficients: { percent, alpha, ac1 } }]) => make("tr", {},
    make("th", { scope: "row" }, readable(name)), make("td", {}, shared), make("td", {}, number(percent.value)),
    make("td", {}, number(alpha.value)), make("td", {}, alpha.value == null ? "" : `${number(alpha.low)} to ${number(alpha.high)}`), make("td", {}, number(ac1.value))));
  return make("div", { class: "scroll" }, make("table", {}, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ["", "Shared", "Agree", "α", "95 % interval", "AC1"].map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows)));
}

function bar(value, low, high) {
  const x = (share) => 2 + 96 * Math.min(1, Math.max(0, share));
  return draw("svg", { viewBox: "0 0 100 12", width: 100, height: 12, "aria-hidden": "true" },
    draw("line", { x1: 2, x2: 98, y1: 6, y2: 6, class: "rail" }),
    draw("line", { x1: x(low), x2: x(high), y1: 6, y2: 6, class: "span" }),
    draw("circle", { cx: x(value), cy: 6, r: 4, class: "dot" }));
}
