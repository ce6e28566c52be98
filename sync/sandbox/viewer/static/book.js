// One spreadsheet: its tabs, the cell that is looked into, and changes as they come.

import { Cells } from "./cells.js";
import { drawChart } from "./charts.js";
import { watchFind } from "./find.js";
import { element, Grid } from "./grid.js";
import { letters, readAddress } from "./lines.js";
import { setDark } from "./paint.js";
import { watchTheme } from "./theme.js";

const SOON_MS = 700, LATER_MS = 1600, LIVELY_MS = 60_000, FLASH_MS = 2200, AWAITED_MS = 4000;
const bookId = document.body.dataset.book, address = "/viewer/books/" + encodeURIComponent(bookId);
const el = (id) => document.getElementById(id);
const viewport = el("viewport"), tabs = el("tabs"), chooser = el("chooser"), where = el("address"), tip = el("tip"), charts = el("charts");

let book = null, tab = null, cells = null, stamp = "", frameText = "", chartsText = "", changedAt = 0, chosen = 0, opened = 0;
const grid = new Grid(viewport, { moved: () => { hideTip(); tellBusy(); }, picked: describe });

async function ask(path) {
  const reply = await fetch(address + path);
  if (!reply.ok) throw Object.assign(new Error(String(reply.status)), { status: reply.status });
  return reply.json();
}

// ---- changes

async function watch() {
  if (!document.hidden) {
    try {
      const now = (await ask("/stamp")).stamp;
      if (now !== stamp) await load(now);
      say(summary());
    } catch (wrong) {
      say(wrong.status === 404 ? "This spreadsheet is gone." : "The sandbox does not answer; trying again.");
    }
  }
  setTimeout(watch, Date.now() - changedAt < LIVELY_MS ? SOON_MS : LATER_MS);
}

async function load(now) {
  const isFirst = !book;
  book = await ask("");
  el("title").textContent = document.title = book.title;
  const wanted = wantedTab();
  if (wanted) await open(wanted, { fresh: !tab || tab.id !== wanted.id });
  drawTabs();
  stamp = now;
  changedAt = isFirst ? 0 : Date.now();
}

async function open(wanted, { fresh }) {
  const mine = ++chosen;
  if (fresh) viewport.ariaBusy = "true";
  const frame = await ask(`/tabs/${wanted.id}`);
  if (mine !== chosen) return;
  const text = JSON.stringify({ ...frame, stamp: "" }), isSame = !fresh && text === frameText;
  tab = wanted;
  frameText = text;
  if (fresh) {
    cells?.close();
    cells = new Cells(`${address}/tabs/${tab.id}`, arrived);
    charts.replaceChildren();
    chartsText = "";
    hideTip();
  } else {
    cells.refresh();
  }
  el("empty").hidden = !frame.empty || frame.n_charts > 0;
  viewport.setAttribute("aria-label", `Cells of the tab ${tab.title}`);
  if (!isSame) grid.show(frame, cells, { fresh });
  await loadCharts(frame, mine);
  if (mine !== chosen) return;
  opened = mine;
  tellBusy();
  if (fresh) { linkDownloads(); describe(grid.pick); }
}

// Whether something in view is still on its way, for those who cannot see that.
function tellBusy() { viewport.ariaBusy = String(opened !== chosen || !cells?.isCurrent); }

let settling = 0;
function arrived(isChange) {
  grid.draw();
  tellBusy();
  if (grid.pick) describe(grid.pick);
  if (!isChange || !cells.isCurrent) return;
  clearTimeout(settling);
  settling = setTimeout(() => cells.settle(), FLASH_MS);
}

async function loadCharts(frame, mine) {
  const found = frame.n_charts ? await ask(`/tabs/${tab.id}/charts`) : [];
  if (mine !== chosen) return;
  const text = JSON.stringify(found) + frameText;
  if (text === chartsText) return;
  chartsText = text;
  const places = found.map((chart) => grid.placeOf(chart.at));
  charts.replaceChildren(...found.map((chart, n) => {
    const holder = element("chart");
    holder.dataset.chart = chart.id;
    holder.style.insetInlineStart = places[n].x + "px";
    holder.style.top = places[n].y + "px";
    if (chart.border) holder.style.borderColor = chart.border;
    if (chart.kind === "slicer") holder.append(element("slicer", "", chart.title));
    else holder.append(drawChart(chart));
    return holder;
  }));
  grid.overlayRoom = {
    width: Math.max(0, ...found.map((chart, n) => places[n].x + chart.at.w + 24)),
    height: Math.max(0, ...found.map((chart, n) => places[n].y + chart.at.h + 24)),
  };
  grid.lay();
  grid.draw();
}

function say(text) { if (el("state").textContent !== text) el("state").textContent = text; }

function summary() {
  if (!tab) return "";
  if (Date.now() < awaitedUntil) return "Making the file; a large one takes a while.";
  const now = book.tabs.find((one) => one.id === tab.id) || tab;
  const size = `${now.n_rows.toLocaleString("en")} rows × ${now.n_columns.toLocaleString("en")} columns`;
  return size + (Date.now() - changedAt < 5000 ? " · changed just now" : "");
}

// ---- tabs

function wantedTab() {
  const shown = book.tabs.filter((one) => !one.hidden), gid = /gid=(\d+)/.exec(location.hash)?.[1];
  return shown.find((one) => tab && one.id === tab.id) || shown.find((one) => String(one.id) === gid) || shown[0];
}

function drawTabs() {
  const shown = book.tabs.filter((one) => !one.hidden), hadFocus = tabs.contains(document.activeElement);
  tabs.replaceChildren(...shown.map((one) => {
    const button = document.createElement("button"), isChosen = tab && one.id === tab.id;
    button.textContent = one.title;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-selected", isChosen ? "true" : "false");
    button.setAttribute("aria-controls", "viewport");
    button.tabIndex = isChosen ? 0 : -1;
    button.dataset.gid = one.id;
    if (one.color) { button.style.setProperty("--mark", one.color); button.classList.add("coloured"); }
    button.onclick = () => go(one);
    return button;
  }));
  chooser.replaceChildren(...shown.map((one) => new Option(one.title, one.id, false, tab && one.id === tab.id)));
  const now = tabs.querySelector("[aria-selected=true]");
  now?.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (hadFocus) now?.focus();
}

async function go(wanted) {
  history.replaceState(null, "", "#gid=" + wanted.id);
  try {
    await open(wanted, { fresh: !tab || wanted.id !== tab.id });
    drawTabs();
    say(summary());
  } catch { /* the next look at the stamp says what is wrong */ }
}

tabs.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const all = [...tabs.children], next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
  next?.focus();
  next?.click();
  event.preventDefault();
});
chooser.addEventListener("change", () => {
  const wanted = book?.tabs.find((one) => String(one.id) === chooser.value);
  if (wanted) go(wanted);
});
addEventListener("hashchange", () => {
  const gid = /gid=(\d+)/.exec(location.hash)?.[1], wanted = book?.tabs.find((one) => String(one.id) === gid && !one.hidden);
  if (wanted && wanted.id !== tab?.id) go(wanted);
});

let awaitedUntil = 0;
el("downloads").addEventListener("click", (event) => {
  if (!event.target.closest("a")) return;
  el("downloads").open = false;
  awaitedUntil = Date.now() + AWAITED_MS;
  say(summary());
});

function linkDownloads() {
  const base = `/spreadsheets/d/${encodeURIComponent(bookId)}/export?format=`;
  el("xlsx").href = base + "xlsx";
  el("csv").href = `${base}csv&gid=${tab.id}`;
  el("tsv").href = `${base}tsv&gid=${tab.id}`;
}

// ---- looking into one cell

let looking = "";
async function describe(pick) {
  const name = pick ? letters(pick.column) + (pick.row + 1) : "";
  if (document.activeElement !== where) where.value = name;
  const cell = pick && cells.get(pick.row, pick.column);
  if (!cell) { el("content").textContent = ""; return; }
  tell(cell.marks.f || cell.text, cell.marks.n);
  if (!cell.marks.more) return;
  const mine = looking = `${tab.id} ${name} ${stamp}`;
  const whole = await ask(`/tabs/${tab.id}/cell?row=${pick.row}&column=${pick.column}`);
  if (mine === looking) tell(whole.formula || whole.text, whole.note);
}

function tell(text, note) {
  const parts = [text, note ? "Note: " + note : ""].filter(Boolean);
  if (el("content").textContent !== parts.join("\n")) el("content").textContent = parts.join("\n");
}

where.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== "Escape") return;
  const found = event.key === "Enter" ? readAddress(where.value) : null;
  if (found && grid.frame) {
    const row = found.row ?? grid.pick?.row ?? 0, column = found.column ?? grid.pick?.column ?? 0;
    grid.choose(Math.min(row, grid.frame.n_rows - 1), Math.min(column, grid.frame.n_columns - 1), { scroll: true });
  }
  viewport.focus();
  describe(grid.pick);
});
where.addEventListener("focus", () => where.select());

viewport.addEventListener("keydown", (event) => {
  if (!grid.frame || event.altKey) return;
  const far = event.ctrlKey || event.metaKey, { row, column } = grid.pick || { row: grid.frozenRows, column: 0 };
  const side = grid.frame.right_to_left ? -1 : 1, end = { row: grid.frame.n_rows - 1, column: grid.frame.n_columns - 1 };
  const moves = {
    ArrowDown: () => far ? [end.row, column] : [row + 1, column], ArrowUp: () => far ? [0, column] : [row - 1, column],
    ArrowRight: () => far ? [row, side > 0 ? end.column : 0] : [row, column + side], ArrowLeft: () => far ? [row, side > 0 ? 0 : end.column] : [row, column - side],
    PageDown: () => [row + grid.page, column], PageUp: () => [row - grid.page, column],
    Home: () => far ? [0, 0] : [row, 0], End: () => far ? [end.row, end.column] : [row, end.column],
    Tab: () => null, Enter: () => follow(row, column),
  };
  const wanted = moves[event.key]?.();
  if (!wanted) return;
  event.preventDefault();
  const to = { row: clamp(wanted[0], end.row), column: clamp(wanted[1], end.column) };
  const nextRow = grid.down.visible(to.row, to.row >= row ? 1 : -1) ?? grid.down.visible(to.row, to.row >= row ? -1 : 1);
  const nextColumn = grid.across.visible(to.column, to.column >= column ? 1 : -1) ?? grid.across.visible(to.column, to.column >= column ? -1 : 1);
  if (nextRow !== null && nextColumn !== null) grid.choose(nextRow, nextColumn, { scroll: true });
});

const clamp = (number, most) => Math.max(0, Math.min(most, number));

function follow(row, column) {
  const link = cells.get(row, column)?.marks.l;
  if (link) window.open(link, "_blank", "noopener,noreferrer");
  return null;
}

document.addEventListener("copy", (event) => {
  if (!grid.pick || String(getSelection()) || document.activeElement !== viewport) return;
  event.clipboardData.setData("text/plain", cells.get(grid.pick.row, grid.pick.column)?.text ?? "");
  event.preventDefault();
});

// ---- notes beside the pointer

function showTip(node) {
  const cell = cells?.get(Number(node.dataset.row), Number(node.dataset.column));
  const locked = grid.protected.at(Number(node.dataset.row), Number(node.dataset.column));
  const parts = [cell?.marks.n, locked && `Protected: ${locked.description || locked.where}${locked.warning ? " (warning only)" : ""}`];
  tip.textContent = parts.filter(Boolean).join("\n\n");
  tip.hidden = !tip.textContent;
  if (tip.hidden) return;
  const box = node.getBoundingClientRect(), own = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(box.right + 6, innerWidth - own.width - 8)) + "px";
  tip.style.top = Math.max(4, Math.min(box.right + 6 + own.width > innerWidth ? box.bottom + 4 : box.top, innerHeight - own.height - 8)) + "px";
}

function hideTip() { tip.hidden = true; }

viewport.addEventListener("pointerover", (event) => {
  const node = event.target.closest?.(".cell.noted, .cell.locked");
  if (node) showTip(node); else hideTip();
});
viewport.addEventListener("pointerleave", hideTip);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") { hideTip(); el("downloads").open = false; } });
document.addEventListener("click", (event) => { if (!el("downloads").contains(event.target)) el("downloads").open = false; });
document.addEventListener("visibilitychange", () => { changedAt = Math.max(changedAt, Date.now() - LIVELY_MS / 2); });

watchFind({ grid, ask: (query) => ask(`/tabs/${tab.id}/find?${query}`) });
watchTheme(el("theme"), (dark) => { setDark(dark); if (grid.frame) grid.repaint(); });
watch();
