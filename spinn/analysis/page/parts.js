"use strict";
// What all parts of the page share. Texts become part of it as text nodes only.

const TRACE = JSON.parse(document.getElementById("trace").textContent);
const SHIFT = 0;
const SVG = "http://www.w3.org/2000/svg";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const make = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const percent = (part) => `${(100 * part).toFixed(part > 0.9995 || part < 0.0005 ? 0 : 1)} %`;
const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
const best = (values) => values.indexOf(Math.max(...values));
const between = (value, low, high) => Math.min(Math.max(value, low), high);
const shorten = (text, size) => {
  const signs = [...text];
  return signs.length > size ? signs.slice(0, size - 1).join("") + "…" : text;
};

const words = (side, node) => side.words.slice(...side.nodes[node].span).join(" ");
const moveName = (move) => (move === SHIFT ? "SHIFT" : "REDUCE");

/** What is on the stack after `step` moves: the numbers of the moves that made it. */
function stackAfter(side, step) {
  const stack = [];
  for (let move = 0; move < step; move++) {
    if (side.moves[move] !== SHIFT) stack.length -= 2;
    stack.push(move);
  }
  return stack;
}

const shifted = (side, step) => side.moves.slice(0, step).filter((move) => move === SHIFT).length;

/** The theme's colours, as numbers that can be mixed. */
function shade(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

let poles = null;
const forgetPoles = () => { poles = null; };

/** A colour for a value from -1 to 1, on a scale whose ends colour-blind people tell apart. */
function diverging(value) {
  poles ??= { low: shade("--low"), middle: shade("--middle"), high: shade("--high") };
  const end = value < 0 ? poles.low : poles.high;
  const part = Math.min(Math.abs(value), 1);
  const mixed = poles.middle.map((from, at) => Math.round(from + (end[at] - from) * part));
  return `rgb(${mixed.join(" ")})`;
}

/** Dark or light, whichever reads better on a colour of `diverging`. */
function inkOn(colour) {
  const [r, g, b] = colour.match(/\d+/g).map((part) => {
    const light = part / 255;
    return light <= 0.04045 ? light / 12.92 : ((light + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#10131a" : "#ffffff";
}

const labelClass = (label) => `label-${label % 7}`;

/** A bar for each label with its probability; `set(null)` empties them. */
function labelBars() {
  const rows = TRACE.labels.map((name, label) => {
    const bar = make("span", { class: `bar ${labelClass(label)}` });
    const figure = make("span", { class: "figure" });
    const mark = make("span", { class: `mark ${labelClass(label)}`, "aria-hidden": "true" }, TRACE.marks[label]);
    const row = make("li", {}, mark, make("span", { class: "name", title: name }, name), make("span", { class: "rail" }, bar), figure);
    return { bar, figure, row };
  });
  const list = make("ul", { class: "bars" }, ...rows.map(({ row }) => row));
  const set = (probabilities) => rows.forEach(({ bar, figure, row }, label) => {
    const part = probabilities ? probabilities[label] : 0;
    bar.style.setProperty("transform", `scaleX(${part})`);
    figure.textContent = probabilities ? percent(part) : "–";
    row.classList.toggle("winner", probabilities !== null && label === best(probabilities));
  });
  return { list, set };
}

/** Read a list of things by Shift and the arrows, one at a time. */
function arrowsWithin(event) {
  if (!event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return 0;
  return { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
}
