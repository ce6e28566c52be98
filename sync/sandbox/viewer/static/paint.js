// How one cell looks on the page. Texts are only ever set as text, and colours as single properties.

const RTL = /^[^A-Za-z\u00c0-\u024f\u0370-\u052f\u4e00-\u9fff]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;
const canvas = document.createElement("canvas").getContext("2d");
const LINE_PX = 17, POINTS_TO_PX = 4 / 3, USUAL_FONT = 'Arial, "Liberation Sans", Helvetica, sans-serif';
const SIDES = { t: "Top", r: "Right", b: "Bottom", l: "Left" };

let isDark = false;
export function setDark(dark) { isDark = dark; }

function fontOf(style) {
  const family = style.ff ? `${JSON.stringify(style.ff)}, ${USUAL_FONT}` : USUAL_FONT;
  return `${style.i ? "italic " : ""}${style.b ? "bold " : ""}${(style.sz || 10) * POINTS_TO_PX}px ${family}`;
}

const widths = new Map();
export function textWidth(text, style) {
  const font = fontOf(style), name = font + text;
  let width = widths.get(name);
  if (width === undefined) {
    if (widths.size > 5000) widths.clear();
    canvas.font = font;
    width = canvas.measureText(text).width;
    widths.set(name, width);
  }
  return width;
}

export const alignment = (text, style) => style.ha || (RTL.test(text) ? "r" : "l");

export function dress(node, cell) {
  const { text, style, marks } = cell, at = alignment(text, style);
  if (at !== "l") node.classList.add(at === "r" ? "right" : "middle");
  if (style.va) node.classList.add("v" + style.va);
  if (style.wr === "w") node.classList.add("wrapped");
  paintColours(node.style, style);
  paintLetters(node.style, style);
  for (const [side, [line, colour]] of Object.entries(style.bd || {})) node.style["border" + SIDES[side]] = `${line} ${readable(colour)}`;
  if (text || marks.k) node.append(content(text, style, marks));
  if (marks.n) node.classList.add("noted");
}

function content(text, style, marks) {
  if (marks.k === "box") {
    const box = document.createElement("span");
    box.className = "tick" + (marks.c ? " on" : "");
    box.setAttribute("role", "checkbox");
    box.setAttribute("aria-checked", marks.c ? "true" : "false");
    box.setAttribute("aria-readonly", "true");
    box.setAttribute("aria-label", marks.c ? "TRUE" : "FALSE");
    return box;
  }
  const inner = document.createElement(marks.l ? "a" : "span");
  inner.className = "text";
  inner.dir = "auto";
  if (marks.r) inner.append(...stretches(text, marks.r)); else inner.textContent = text;
  if (marks.l) {
    if (!style.fg) inner.classList.add("usual");
    if (style.bg && paperOf(style.bg) === style.bg) inner.classList.add("on-colour");
    inner.href = marks.l;
    inner.target = "_blank";
    inner.rel = "noopener noreferrer";
    inner.tabIndex = -1;
  }
  if (style.ro) turn(inner, style.ro);
  if (marks.k !== "list") return inner;
  const pair = document.createDocumentFragment(), arrow = document.createElement("span");
  arrow.className = "choice";
  arrow.setAttribute("aria-hidden", "true");
  pair.append(inner, arrow);
  return pair;
}

// A turned text begins at the bottom of its cell when it goes up, and at the top when it goes down.
function turn(inner, rotation) {
  inner.classList.add("turned");
  if (rotation === "v") { inner.classList.add("upright"); return; }
  const aside = Math.abs(Math.sin((rotation * Math.PI) / 180)) * LINE_PX;
  inner.style.transformOrigin = rotation > 0 ? "left bottom" : "left top";
  inner.style[rotation > 0 ? "bottom" : "top"] = "2px";
  inner.style.left = 3 + aside + "px";
  inner.style.rotate = -rotation + "deg";
}

// Stretches of a text that have letters of their own.
function stretches(text, runs) {
  const all = runs[0][0] > 0 ? [[0, {}], ...runs] : runs;
  return all.map(([start, style], n) => {
    const part = document.createElement(style.li ? "a" : "span");
    part.textContent = text.slice(start, all[n + 1]?.[0] ?? text.length);
    if (style.li) Object.assign(part, { href: style.li, target: "_blank", rel: "noopener noreferrer", tabIndex: -1 });
    paintLetters(part.style, style);
    if (style.fg) part.style.color = readable(style.fg);
    return part;
  });
}

function paintLetters(target, style) {
  if ("b" in style) target.fontWeight = style.b ? "700" : "400";
  if ("i" in style) target.fontStyle = style.i ? "italic" : "normal";
  const lines = [style.u && "underline", style.s && "line-through"].filter(Boolean).join(" ");
  if (lines) target.textDecoration = lines;
  if (style.sz && style.sz !== 10) target.fontSize = style.sz * POINTS_TO_PX + "px";
  if (style.ff) target.fontFamily = `${JSON.stringify(style.ff)}, ${USUAL_FONT}`;
}

function paintColours(target, style) {
  const colour = paperOf(style.bg), paper = !colour || colour !== style.bg;
  if (colour) target.backgroundColor = colour;
  if (style.fg && !(paper && style.fg === "#000000")) target.color = paper ? readable(style.fg) : style.fg;
  else if (!paper) target.color = "#000";
}

// The background of a cell; null for the paper itself. Light greys, which are mostly bands, turn dark with the paper.
function paperOf(colour) {
  if (!colour || !isDark) return colour || null;
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)), low = Math.min(...parts), high = Math.max(...parts);
  if (high - low > 14 || low < 190) return colour;
  if (low >= 253) return null;
  const level = 31 + Math.round((255 - low) * 0.7 + 4);
  return `rgb(${level}, ${level}, ${level})`;
}

// On dark paper, colours that were chosen for white paper are lightened until they can be read.
function readable(colour) {
  if (!isDark) return colour;
  let [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  for (let n = 0; n < 8 && 0.299 * red + 0.587 * green + 0.114 * blue < 140; n++) {
    [red, green, blue] = [red, green, blue].map((part) => Math.round(part + (255 - part) * 0.22));
  }
  return `rgb(${red}, ${green}, ${blue})`;
}
