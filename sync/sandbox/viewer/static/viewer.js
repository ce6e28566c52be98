// Shows one spreadsheet: loads windows of rows as they come into view, and asks once a second whether it changed.
"use strict";

const ROW_PX = 22, NUMBER_PX = 52, COLUMN_PX = 100, CHUNK = 100, MAX_COLUMNS = 200, MAX_SHEET_PX = 15_000_000;
const bookId = document.body.dataset.book;
const base = "/viewer/books/" + encodeURIComponent(bookId);
const el = (id) => document.getElementById(id);
const viewport = el("viewport"), sheet = el("sheet"), head = el("head"), body = el("body"), tabs = el("tabs");

let book = null, tab = null, widths = [], chunks = new Map(), asked = new Set(), generation = 0;
let picked = null, lastChange = Date.now(), before = null;

const textOf = (cell) => cell === null || cell === undefined ? "" : typeof cell === "string" ? cell : cell.t;

function letters(index) {
  let name = "";
  for (let n = index + 1; n > 0; n = Math.floor((n - 1) / 26)) name = String.fromCharCode(65 + (n - 1) % 26) + name;
  return name;
}

function make(className, text) {
  const node = document.createElement("div");
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// ---- the frame of a tab

function columnCount() { return Math.min(tab.n_columns, MAX_COLUMNS); }

function measure(rows) {
  // Wide enough for what the first rows hold, unless somebody set the width.
  widths = [];
  for (let column = 0; column < columnCount(); column++) {
    let longest = 0;
    for (const row of rows.slice(0, 40)) longest = Math.max(longest, ...textOf(row[column]).slice(0, 60).split("\n").map((line) => line.length));
    widths.push(tab.widths[column] || Math.max(COLUMN_PX, Math.min(300, 18 + longest * 8.2)));
  }
}

function frame() {
  const width = NUMBER_PX + widths.reduce((sum, px) => sum + px, 0);
  sheet.style.width = width + "px";
  body.style.height = Math.min(MAX_SHEET_PX, (tab.n_rows - tab.frozen_rows) * ROW_PX) + "px";
  const names = make("row letters");
  names.append(make("number corner", ""));
  for (let column = 0; column < columnCount(); column++) names.append(place(make("cell letter", letters(column)), column));
  const frozen = [];
  for (let row = 0; row < tab.frozen_rows; row++) frozen.push(rowNode(row));
  if (frozen.length) frozen.at(-1).classList.add("last-frozen");
  head.replaceChildren(names, ...frozen);
}

function place(node, column) {
  node.style.width = widths[column] + "px";
  if (column < tab.frozen_columns) {
    node.classList.add("frozen");
    node.style.left = NUMBER_PX + widths.slice(0, column).reduce((sum, px) => sum + px, 0) + "px";
    if (column === tab.frozen_columns - 1) node.classList.add("last-frozen");
  }
  return node;
}

// ---- rows

function cellsOf(row) {
  const chunk = chunks.get(Math.floor(row / CHUNK));
  return chunk ? chunk[row % CHUNK] || [] : null;
}

function rowNode(row) {
  const cells = cellsOf(row);
  const node = make("row" + (cells ? "" : " waiting"));
  node.append(make("number", String(row + 1)));
  for (let column = 0; column < columnCount(); column++) node.append(cellNode(row, column, cells ? cells[column] : null));
  return node;
}

function cellNode(row, column, cell) {
  const node = place(make("cell"), column);
  node.dataset.row = row;
  node.dataset.column = column;
  const look = cell && typeof cell === "object" ? cell : {};
  node.textContent = textOf(cell).slice(0, 1000);
  node.dir = "auto";
  if (look.r) node.classList.add("right");
  if (look.b) node.classList.add("bold");
  if (look.i) node.classList.add("italic");
  if (look.fg) node.style.color = look.fg;
  if (look.bg) node.style.backgroundColor = look.bg;
  if (look.n) { node.classList.add("noted"); node.title = look.n; }
  if (picked && picked.row === row && picked.column === column) node.classList.add("picked");
  if (before && cell !== undefined && isNew(row, column, cell)) node.classList.add("changed");
  return node;
}

function isNew(row, column, cell) {
  const old = before.get(Math.floor(row / CHUNK));
  return old !== undefined && textOf((old[row % CHUNK] || [])[column]) !== textOf(cell);
}

function visible() {
  // Past the height that browsers can scroll, the scroll bar speaks in shares of the rows.
  const n = tab.n_rows - tab.frozen_rows, seen = viewport.clientHeight - head.offsetHeight;
  const stretch = n * ROW_PX > MAX_SHEET_PX ? (n * ROW_PX - seen) / (MAX_SHEET_PX - seen) : 1;
  const first = Math.floor(viewport.scrollTop * stretch / ROW_PX);
  const fits = Math.ceil(viewport.clientHeight / ROW_PX);
  return { first: tab.frozen_rows + Math.max(0, first - 10), last: tab.frozen_rows + Math.min(n, first + fits + 10), stretch };
}

function draw() {
  if (!tab) return;
  const { first, last, stretch } = visible();
  const rows = [];
  for (let row = first; row < last; row++) {
    const node = rowNode(row);
    const top = (row - tab.frozen_rows) * ROW_PX;
    node.style.top = (stretch > 1 ? top - viewport.scrollTop * stretch + viewport.scrollTop : top) + "px";
    rows.push(node);
  }
  body.replaceChildren(...rows);
  for (let chunk = Math.floor(first / CHUNK); chunk * CHUNK < last; chunk++) load(chunk);
}

async function load(chunk) {
  if (chunks.has(chunk) || asked.has(chunk)) return;
  asked.add(chunk);
  const mine = generation;
  try {
    const reply = await fetch(`${base}/tabs/${tab.id}?top=${chunk * CHUNK}&n=${CHUNK}`);
    if (mine !== generation || !reply.ok) return;
    chunks.set(chunk, (await reply.json()).rows);
  } finally {
    if (mine === generation) asked.delete(chunk);
  }
  if (mine !== generation) return;
  if (chunk * CHUNK < tab.frozen_rows || !widths.length) frame();
  draw();
}

// ---- tabs and changes

async function show(chosen, { fresh }) {
  tab = chosen;
  const mine = ++generation;
  before = fresh ? null : chunks;
  const wanted = new Set([0]);
  if (!fresh) for (let n = Math.floor(visible().first / CHUNK); n * CHUNK < visible().last; n++) wanted.add(n);
  const loaded = new Map();
  for (const chunk of wanted) {
    const reply = await fetch(`${base}/tabs/${tab.id}?top=${chunk * CHUNK}&n=${CHUNK}`);
    if (mine !== generation || !reply.ok) return;
    loaded.set(chunk, (await reply.json()).rows);
  }
  if (mine !== generation) return;
  chunks = loaded;
  asked = new Set();
  if (fresh || widths.length !== columnCount() || !chunksHadText(before)) measure(chunks.get(0));
  if (fresh) { picked = null; viewport.scrollTo(0, 0); }
  frame();
  draw();
  describe();
  setTimeout(() => { if (mine === generation) before = null; }, 1500);
}

function chunksHadText(old) { return Boolean(old && (old.get(0) || []).some((row) => row.some((cell) => textOf(cell) !== ""))); }

function drawTabs() {
  tabs.replaceChildren(...book.tabs.filter((one) => !one.hidden).map((one) => {
    const button = document.createElement("button");
    button.textContent = one.title;
    button.className = tab && one.id === tab.id ? "chosen" : "";
    if (one.color) button.style.boxShadow = "inset 0 -3px " + one.color;
    button.onclick = () => { history.replaceState(null, "", "#gid=" + one.id); show(one, { fresh: true }); drawTabs(); };
    return button;
  }));
}

function wantedTab() {
  const shown = book.tabs.filter((one) => !one.hidden);
  const gid = Number((/gid=(\d+)/.exec(location.hash) || [])[1]);
  return shown.find((one) => tab && one.id === tab.id) || shown.find((one) => one.id === gid) || shown[0];
}

async function refresh() {
  if (!document.hidden) {
    try {
      const reply = await fetch(base);
      if (!reply.ok) throw new Error("gone");
      const now = await reply.json();
      if (!book || now.revision !== book.revision) {
        const fresh = !book;
        book = now;
        lastChange = Date.now();
        el("title").textContent = document.title = book.title;
        const chosen = wantedTab();
        await show(chosen, { fresh: fresh || !tab || chosen.id !== tab.id });
        drawTabs();
      }
      el("state").textContent = summary();
    } catch {
      el("state").textContent = "The sandbox does not answer";
    }
  }
  setTimeout(refresh, Date.now() - lastChange < 60_000 ? 1000 : 2500);
}

function summary() {
  const ago = Math.round((Date.now() - lastChange) / 1000);
  const size = tab ? `${tab.n_rows.toLocaleString("en")} rows × ${tab.n_columns} columns` : "";
  return size + (ago < 5 ? " · changed just now" : "");
}

// ---- looking into one cell

function describe() {
  if (!picked) { el("address").textContent = ""; el("content").textContent = ""; return; }
  const cell = (cellsOf(picked.row) || [])[picked.column];
  const look = cell && typeof cell === "object" ? cell : {};
  el("address").textContent = letters(picked.column) + (picked.row + 1);
  const parts = [(look.f || textOf(cell)).slice(0, 5000), look.n ? "Note: " + look.n : ""];
  el("content").textContent = parts.filter((part) => part !== "").join("\n");
}

viewport.addEventListener("click", (event) => {
  const node = event.target.closest(".cell[data-row]");
  if (!node) return;
  picked = { row: Number(node.dataset.row), column: Number(node.dataset.column) };
  for (const old of viewport.querySelectorAll(".picked")) old.classList.remove("picked");
  node.classList.add("picked");
  describe();
});

let drawing = false;
viewport.addEventListener("scroll", () => {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; draw(); });
}, { passive: true });
addEventListener("resize", draw);
document.addEventListener("visibilitychange", () => { lastChange = Date.now(); });
refresh();
