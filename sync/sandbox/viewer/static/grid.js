// The grid: draws the rows and columns that are in view and no others, whatever the size of the tab.
// One element scrolls. Header letters and frozen rows stick to its top, row numbers and frozen columns to its side.

import { Areas, Lines, letters } from "./lines.js";
import { alignment, dress, textWidth } from "./paint.js";

const HEAD_PX = 24, OVERSCAN_PX = 160, COLUMN_STEP = 4;
const MAX_SHEET_PX = 12_000_000;  // browsers cannot scroll further; beyond it the scroll bar speaks in shares
const MAX_FROZEN_SHARE = 0.7;     // of the window; more would leave nothing to scroll
const OVERFLOW_COLUMNS = 12;
const AHEAD_ROWS = 80;            // asked for before they come into view, in the direction of scrolling

export class Grid {
  // `cells` answers for cells; `moved` is called after scrolling, `picked` with the cell that somebody chose.
  constructor(viewport, { moved, picked }) {
    this.viewport = viewport;
    [this.sheet, this.head, this.body, this.overlay] = ["sheet", "head", "body", "charts"].map((id) => document.getElementById(id));
    this.tell = { moved, picked };
    this.rows = new Map();
    this.frozen = new Map();
    this.virtualTop = this.lastTop = this.step = 0;
    this.pick = null;
    this.layoutAge = 0;
    this.waiting = false;
    viewport.addEventListener("scroll", () => this.soon(), { passive: true });
    viewport.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => { if (this.frame) { this.lay(); this.draw(); } }).observe(viewport);
  }

  // ---- the frame

  show(frame, cells, { fresh }) {
    this.frame = frame;
    this.cells = cells;
    this.across = new Lines(frame.n_columns, frame.column_px, frame.widths, frame.hidden_columns);
    this.down = new Lines(frame.n_rows, frame.row_px, frame.heights, frame.hidden_rows);
    if (fresh) {
      this.pick = null;
      this.viewport.scrollTo(0, 0);
      this.virtualTop = this.lastTop = this.step = 0;
    }
    this.merges = frame.merges.map(([top, bottom, left, right]) => ({ top, bottom, left, right }));
    this.merged = new Areas(frame.n_rows, this.merges);
    this.protected = new Areas(frame.n_rows, frame.protected);
    this.lay();
    this.draw();
  }

  lay() {
    const { frame, viewport } = this;
    this.layoutAge++;
    viewport.dir = frame.right_to_left ? "rtl" : "ltr";
    viewport.classList.toggle("no-lines", !frame.gridlines);
    viewport.setAttribute("aria-rowcount", frame.n_rows + 1);
    viewport.setAttribute("aria-colcount", frame.n_columns + 1);
    this.numberPx = Math.max(46, 16 + 8 * String(frame.n_rows).length);
    const wide = this.across.top(frame.frozen_columns), tall = this.down.top(frame.frozen_rows);
    this.frozenColumns = wide + this.numberPx < viewport.clientWidth * MAX_FROZEN_SHARE ? frame.frozen_columns : 0;
    this.frozenRows = tall + HEAD_PX < viewport.clientHeight * MAX_FROZEN_SHARE ? frame.frozen_rows : 0;
    this.frozenWidth = this.across.top(this.frozenColumns);
    this.frozenHeight = this.down.top(this.frozenRows);
    this.sidePx = this.numberPx + this.frozenWidth;
    this.fullHeight = Math.max(0, this.down.total - this.frozenHeight);
    this.bodyHeight = Math.min(this.fullHeight, MAX_SHEET_PX);
    const room = this.overlayRoom || { width: 0, height: 0 };
    this.sheet.style.width = Math.max(this.numberPx + this.across.total, room.width) + "px";
    this.head.style.height = HEAD_PX + this.frozenHeight + "px";
    this.body.style.height = Math.max(this.bodyHeight, Math.min(room.height, MAX_SHEET_PX)) + "px";
    for (const node of [...this.rows.values(), ...this.frozen.values()]) node.remove();
    this.rows.clear();
    this.frozen.clear();
    this.lettersSign = "";
  }

  // ---- what is in view

  get isStretched() { return this.fullHeight > this.bodyHeight; }

  follow() {
    const { viewport } = this, top = viewport.scrollTop, seen = viewport.clientHeight - HEAD_PX - this.frozenHeight;
    if (!this.isStretched) {
      this.step = Math.sign(top - this.virtualTop) || this.step;
      this.virtualTop = top;
      return;
    }
    const end = this.bodyHeight - seen, fullEnd = this.fullHeight - seen, moved = top - this.lastTop;
    if (top <= 0) this.virtualTop = 0;
    else if (top >= end - 1) this.virtualTop = fullEnd;
    else if (Math.abs(moved) > 2 * viewport.clientHeight) this.virtualTop = (top / end) * fullEnd;
    else this.virtualTop = Math.max(0, Math.min(fullEnd, this.virtualTop + moved));
    this.lastTop = top;
  }

  span() {
    const { viewport, across, down } = this;
    const left = Math.abs(viewport.scrollLeft), right = left + viewport.clientWidth - this.sidePx;
    const first = Math.max(this.frozenRows, down.at(this.frozenHeight + this.virtualTop - OVERSCAN_PX));
    const last = Math.min(down.count, down.at(this.frozenHeight + this.virtualTop + viewport.clientHeight + OVERSCAN_PX) + 1);
    let from = Math.max(this.frozenColumns, across.at(this.frozenWidth + left - OVERSCAN_PX));
    let to = Math.min(across.count, across.at(this.frozenWidth + right + OVERSCAN_PX) + 1);
    from = Math.max(this.frozenColumns, from - from % COLUMN_STEP);
    to = Math.min(across.count, to + COLUMN_STEP - to % COLUMN_STEP);
    return { first, last, from, to };
  }

  soon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); this.tell.moved(); });
  }

  draw() {
    if (!this.frame) return;
    this.follow();
    const { first, last, from, to } = this.span();
    const ahead = this.step > 0 ? [last, Math.min(last + AHEAD_ROWS, this.down.count)] : [Math.max(first - AHEAD_ROWS, this.frozenRows), first];
    this.columns = [...range(0, this.frozenColumns), ...range(from, to)].filter((column) => !this.across.isHidden(column));
    this.drawLetters(from, to);
    this.drawRows(this.frozen, this.head, range(0, this.frozenRows), { from, to });
    this.drawRows(this.rows, this.body, this.shownRows(first, last), { from, to });
    const wanted = [[first, Math.max(last, first), from, to], [0, this.frozenRows, from, to]];
    if (this.frozenColumns) wanted.push([first, last, 0, this.frozenColumns], [0, this.frozenRows, 0, this.frozenColumns]);
    if (this.step) wanted.push([...ahead, from, to]);
    this.cells.want(wanted.filter(([top, bottom, left, right]) => top < bottom && left < right));
    this.overlay.style.transform = this.isStretched ? `translateY(${this.viewport.scrollTop - this.virtualTop}px)` : "";
  }

  // The rows in view, and the first rows of merges that reach into it.
  shownRows(first, last) {
    const anchors = this.merges.filter((one) => one.top < first && one.bottom > first && one.top >= this.frozenRows).map((one) => one.top);
    const rows = [...new Set([...anchors, ...range(first, last)])];
    return rows.filter((row) => !this.down.isHidden(row) || anchors.includes(row));
  }

  drawLetters(from, to) {
    const sign = [this.layoutAge, this.columns.join(), this.pick?.column].join("|");
    if (sign === this.lettersSign) return;
    this.lettersSign = sign;
    const row = element("row letters", "row"), side = row.appendChild(this.side());
    row.setAttribute("aria-rowindex", 1);
    row.style.height = HEAD_PX + "px";
    row.style.top = "0";
    const corner = side.appendChild(element("number corner", "columnheader"));
    corner.style.width = this.numberPx + "px";
    corner.setAttribute("aria-label", "Row");
    for (const column of this.columns) {
      const node = element("letter", "columnheader", letters(column));
      node.setAttribute("aria-colindex", column + 2);
      this.placeAcross(node, column, column + 1);
      if (this.across.afterHidden(column)) node.classList.add("after-hidden");
      if (this.pick?.column === column) node.classList.add("at-pick");
      (column < this.frozenColumns ? side : row).append(node);
    }
    this.head.querySelector(":scope > .letters")?.remove();
    this.head.prepend(row);
  }

  side() {
    const side = element("side", "presentation");
    side.style.width = this.sidePx + "px";
    if (this.frozenColumns) side.classList.add("frozen-edge");
    return side;
  }

  placeAcross(node, column, end) {
    node.style.insetInlineStart = this.numberPx + this.across.top(column) + "px";
    node.style.width = this.across.top(end) - this.across.top(column) + "px";
  }

  // ---- rows

  drawRows(kept, parent, wanted, columns) {
    const stay = new Set(wanted);
    for (const [row, node] of kept) if (!stay.has(row)) { node.remove(); kept.delete(row); }
    const fresh = document.createDocumentFragment(), shift = this.isStretched ? this.viewport.scrollTop - this.virtualTop : 0;
    for (const row of wanted) {
      const version = this.cells.version(row, columns.from, columns.to) + ":" + this.cells.version(row, 0, this.frozenColumns);
      const sign = [this.columns[0], this.columns.length, this.columns.at(-1), version].join("|");
      let node = kept.get(row);
      if (!node) {
        node = element("row", "row");
        node.setAttribute("aria-rowindex", row + 2);
        node.style.height = this.down.size(row) + "px";
        kept.set(row, node);
        fresh.append(node);
      }
      if (node.sign !== sign) { node.sign = sign; this.fill(node, row); }
      const top = this.down.top(row);
      node.style.top = (row < this.frozenRows ? HEAD_PX + top : top - this.frozenHeight + shift) + "px";
    }
    parent.append(fresh);
  }

  fill(node, row) {
    const side = this.side(), number = side.appendChild(element("number", "rowheader", String(row + 1)));
    number.style.width = this.numberPx + "px";
    if (this.down.afterHidden(row)) number.classList.add("after-hidden");
    if (this.pick?.row === row) number.classList.add("at-pick");
    const cells = [], begun = new Set();
    let isWaiting = false, isTall = false;
    for (const column of this.columns) {
      const merge = this.mergeAt(row, column), first = merge ? merge.left : column;
      const cell = this.cells.get(row, first);
      if (cell === undefined) isWaiting = true;
      // A merge is one cell at its first row, drawn also when only its later columns are in view.
      if (merge && (merge.top !== row || begun.has(merge))) continue;
      begun.add(merge);
      const made = this.cellNode(row, first, cell, merge);
      if (first < this.frozenColumns) side.append(made); else cells.push(made);
      if (merge && merge.bottom - row > 1 && first < this.frozenColumns) isTall = true;
    }
    // Frozen cells lie over those that scroll, so a merge of theirs must lie over the rows that follow.
    node.style.zIndex = isTall ? this.frame.n_rows - row : "";
    node.classList.toggle("waiting", isWaiting);
    node.classList.toggle("last-frozen", row === this.frozenRows - 1);
    node.replaceChildren(side, ...cells);
  }

  mergeAt(row, column) {
    return this.merged.at(row, column);
  }

  cellNode(row, column, cell, merge) {
    const node = element("cell", "gridcell");
    node.id = `c${row}_${column}`;
    node.setAttribute("aria-colindex", column + 2);
    node.dataset.row = row;
    node.dataset.column = column;
    this.placeAcross(node, column, merge ? merge.right : column + 1);
    if (merge) {
      node.classList.add("merged");
      node.style.height = this.down.top(merge.bottom) - this.down.top(merge.top) + "px";
      if (merge.right - merge.left > 1) node.setAttribute("aria-colspan", merge.right - merge.left);
      if (merge.bottom - merge.top > 1) node.setAttribute("aria-rowspan", merge.bottom - merge.top);
    }
    this.mark(node, row, column);
    if (!cell) return node;
    dress(node, cell);
    if (cell.style.bd) this.border(node, row, column, cell.style.bd);
    if (!merge) this.spill(node, row, column, cell);
    if (cell.marks.n) node.setAttribute("aria-description", "Note: " + cell.marks.n);
    if (this.cells.isNew(row, column)) node.classList.add("changed");
    return node;
  }

  // A line between two cells is drawn once, over the line of the grid.
  border(node, row, column, lines) {
    node.classList.add("bordered");
    if (lines.l && column > 0) {
      if (this.cells.get(row, column - 1)?.style.bd?.r) node.style.borderLeft = "none";
      else {
        node.style.insetInlineStart = parseFloat(node.style.insetInlineStart) - 1 + "px";
        node.style.width = parseFloat(node.style.width) + 1 + "px";
      }
    }
    if (lines.t && row > 0) {
      if (this.cells.get(row - 1, column)?.style.bd?.b) node.style.borderTop = "none";
      else {
        node.style.top = "-1px";
        node.style.height = (parseFloat(node.style.height) || this.down.size(row)) + 1 + "px";
      }
    }
  }

  // Marks of the tab rather than of the cell: what is picked, filtered, protected.
  mark(node, row, column) {
    if (this.pick && this.pick.row === row && this.pick.column === column) node.classList.add("picked");
    const filter = this.frame.filter;
    if (filter && row === filter.box[0] && column >= filter.box[2] && column < filter.box[3]) {
      const funnel = node.appendChild(element("funnel", "img"));
      const isSet = filter.columns.includes(column);
      funnel.classList.toggle("set", isSet);
      funnel.setAttribute("aria-label", isSet ? "Filtered by this column" : "Filter");
    }
    if (this.protected.at(row, column)) node.classList.add("locked");
  }

  // A text that is too long runs over the empty cells beside it: those after it, or before it when it is written the other way.
  spill(node, row, column, cell) {
    const { text, style } = cell, at = alignment(text, style);
    if (!text || style.wr === "w" || style.wr === "c" || style.ro || cell.marks.k || at === "c" || style.ha === "r") return;
    const own = this.across.size(column);
    if (text.length * 5 < own) return;
    let room = own, last = column;
    const wide = textWidth(text.length > 400 ? text.slice(0, 400) : text, style) + 8;
    const isFrozen = column < this.frozenColumns, step = (at === "l") !== this.frame.right_to_left ? 1 : -1;
    const first = isFrozen ? 0 : this.frozenColumns, end = isFrozen ? this.frozenColumns : this.across.count;
    while (room < wide && last + step >= first && last + step < end && Math.abs(last - column) < OVERFLOW_COLUMNS) {
      const beside = this.cells.get(row, last + step);
      if (!beside || beside.text || beside.marks.k || beside.style.bg || this.mergeAt(row, last + step)) break;
      last += step;
      room += this.across.size(last);
    }
    if (last === column) return;
    this.placeAcross(node, Math.min(column, last), Math.max(column, last) + 1);
    node.dataset.from = Math.min(column, last);
    node.classList.add("spilled");
  }

  // ---- choosing a cell

  click(event) {
    const node = event.target.closest(".cell[data-row]");
    if (!node) return;
    const box = node.getBoundingClientRect(), column = Number(node.dataset.column), row = Number(node.dataset.row);
    const inside = this.frame.right_to_left ? box.right - event.clientX : event.clientX - box.left;
    const hit = node.dataset.from ? this.across.at(this.across.top(Number(node.dataset.from)) + inside) : column;
    this.choose(row, hit, { scroll: false });
  }

  choose(row, column, { scroll }) {
    const merge = this.mergeAt(row, column);
    this.pick = merge ? { row: merge.top, column: merge.left } : { row, column };
    if (scroll) this.reveal(this.pick.row, this.pick.column);
    this.repaint();
    this.viewport.setAttribute("aria-activedescendant", `c${this.pick.row}_${this.pick.column}`);
    this.tell.picked(this.pick);
  }

  repaint() {
    for (const node of [...this.rows.values(), ...this.frozen.values()]) node.sign = null;
    this.draw();
  }

  // Bring a cell into view, with as little scrolling as that takes.
  reveal(row, column) {
    const { viewport } = this;
    const seenTall = viewport.clientHeight - HEAD_PX - this.frozenHeight, seenWide = viewport.clientWidth - this.sidePx;
    if (row >= this.frozenRows) {
      const top = this.down.top(row) - this.frozenHeight, end = top + this.down.size(row);
      if (top < this.virtualTop) this.scrollDown(top);
      else if (end > this.virtualTop + seenTall) this.scrollDown(end - seenTall);
    }
    if (column >= this.frozenColumns) {
      const left = this.across.top(column) - this.frozenWidth, end = left + this.across.size(column);
      const now = Math.abs(viewport.scrollLeft), sign = this.frame.right_to_left ? -1 : 1;
      if (left < now) viewport.scrollLeft = sign * left;
      else if (end > now + seenWide) viewport.scrollLeft = sign * Math.min(left, end - seenWide);
    }
    this.draw();
  }

  scrollDown(px) {
    const { viewport } = this;
    if (!this.isStretched) { viewport.scrollTop = px; this.follow(); return; }
    const seen = viewport.clientHeight - HEAD_PX - this.frozenHeight;
    this.virtualTop = Math.max(0, Math.min(this.fullHeight - seen, px));
    viewport.scrollTop = (this.virtualTop / (this.fullHeight - seen)) * (this.bodyHeight - seen);
    this.lastTop = viewport.scrollTop;
  }

  // How many rows one page is.
  get page() {
    return Math.max(1, Math.floor((this.viewport.clientHeight - HEAD_PX - this.frozenHeight) / this.frame.row_px) - 1);
  }

  // Where a chart lies, in pixels of the body.
  placeOf({ row, column, dx, dy }) {
    return {
      x: Math.max(this.sidePx, this.numberPx + this.across.top(Math.min(column, this.across.count)) + dx),
      y: Math.max(0, this.down.top(Math.min(row, this.down.count)) - this.frozenHeight + dy),
    };
  }
}

function range(from, to) { return Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n); }

export function element(className, role, text) {
  const node = document.createElement("div");
  node.className = className;
  if (role) node.setAttribute("role", role);
  if (text !== undefined) node.textContent = text;
  return node;
}
