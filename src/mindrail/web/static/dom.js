// Elements from plain values. Texts only ever become text nodes, so nothing that somebody wrote can become markup.

/** make("button", { class: "main", onclick: save, disabled: true }, "Save") */
export function make(tag, about = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** The same for drawings. */
export function draw(tag, about = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(about)) element.setAttribute(name, value);
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

export const main = document.getElementById("main");

/** Put something in the place of all that the page shows. */
export function show(...children) {
  main.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

/** Say something to everybody, also to those who cannot see it. */
export function say(words, { grave = false } = {}) {
  const status = document.getElementById("status");
  status.textContent = words;
  status.classList.toggle("grave", grave);
}

/** A key as it is drawn on the keyboard. */
export const key = (name) => make("kbd", { "aria-hidden": "true" }, name);

/** A label's name as people read it. */
export const readable = (name) => name.replaceAll("_", " ");

/** The same at the head of a section. */
export const capital = (name) => readable(name).replace(/^./u, (letter) => letter.toUpperCase());

/** A modal dialogue with a heading; resolves with the value of the button that was pressed, "" for Escape. */
export function ask(title, body, buttons) {
  return new Promise((resolve) => {
    const rows = buttons.map(([value, label]) => make("button", { value, class: value === "yes" ? "main" : "" }, label));
    const dialog = make("dialog", { "aria-labelledby": "asked" }, make("form", { method: "dialog" },
      make("h2", { id: "asked" }, title), body, make("div", { class: "row" }, rows)));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
