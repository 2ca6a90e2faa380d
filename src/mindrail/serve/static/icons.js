// One shape per outcome, so that nothing rests on colour alone.

import { draw } from "../web/dom.js";

const SHAPES = {
  allow: [["circle", { cx: 16, cy: 16, r: 13 }], ["path", { d: "M10 16.5l4.2 4.2L22.5 12" }]],
  review: [["path", { d: "M16 3.5L29.5 27H2.5z" }], ["path", { d: "M16 12v7.5M16 23.2v.3" }]],
  block: [["path", { d: "M10.6 3h10.8L29 10.6v10.8L21.4 29H10.6L3 21.4V10.6z" }], ["path", { d: "M9.5 16h13" }]],
  none: [["circle", { cx: 16, cy: 16, r: 13, "stroke-dasharray": "4 4" }], ["path", { d: "M12 13a4 4 0 1 1 5 4c-.8.3-1 .9-1 2M16 22.8v.3" }]],
};

/** The drawing of a decision; `none`: there is no answer. */
export const icon = (name) => draw("svg", { viewBox: "0 0 32 32", class: "icon", width: 32, height: 32, "aria-hidden": "true" },
  SHAPES[name].map(([tag, about]) => draw(tag, about)));
