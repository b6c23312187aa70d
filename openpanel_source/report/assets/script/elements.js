// Elements. What comes from events is only ever set as text: nothing here reads markup.

function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function shape(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A number for the style sheet: its rules say what is done with it.
function scaled(made, name, share) {
  made.style.setProperty(name, String(share));
  return made;
}

// Text of a visitor: it runs in its own direction, and changes none around it.
function foreign(text, attributes = {}) {
  return element("bdi", attributes, text);
}

function unseen(text) {
  return element("span", { class: "unseen" }, text);
}

// What is wider than its place is moved sideways, by keyboard, too.
function scrolling(label, ...children) {
  return element("div", { class: "scrolling", tabindex: "0", role: "region", "aria-label": label }, ...children);
}

// A sentence of ours, in which commands stand between backticks.
function sentence(text) {
  return text.split("`").map((part, at) => (at % 2 ? element("code", {}, part) : foreign(part)));
}

function say(text) {
  document.getElementById("said").textContent = text;
}

let names = 0;

function newId() {
  names += 1;
  return `n${names}`;
}
