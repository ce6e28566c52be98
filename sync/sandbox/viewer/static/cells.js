// The cells of one tab that have been looked at: fetched in blocks, the ones in view first, the oldest forgotten.

export const BLOCK_ROWS = 100, BLOCK_COLUMNS = 30;
const MAX_BLOCKS = 400, MAX_UNDER_WAY = 4, RETRY_MS = 1500;
const NOTHING = { text: "", style: {}, marks: {} };

export class Cells {
  // `arrived` is called when a block came in.
  constructor(address, arrived) {
    this.address = address;
    this.arrived = arrived;
    this.blocks = new Map();
    this.underWay = new Set();
    this.wanted = [];
    this.age = 0;
    this.versions = 0;
    this.closed = false;
  }

  // What is known stays on view until its successor is here.
  refresh() { this.age++; this.pump(); }

  close() { this.closed = true; }

  // The cell with its style, or undefined when it is not here yet.
  get(row, column) {
    const block = this.blocks.get(key(Math.floor(row / BLOCK_ROWS), Math.floor(column / BLOCK_COLUMNS)));
    if (!block) return undefined;
    return read(block, row - block.top, column - block.left);
  }

  // A number that changes when the cells of a row between two columns do.
  version(row, from, to) {
    let newest = 0;
    const down = Math.floor(row / BLOCK_ROWS);
    for (let across = Math.floor(from / BLOCK_COLUMNS); across * BLOCK_COLUMNS < to; across++) {
      newest = newest * 31 + (this.blocks.get(key(down, across))?.version ?? 0);
    }
    return newest;
  }

  // Ask for rectangles [top, bottom, left, right]; what was asked for before and has not begun is dropped.
  want(rectangles) {
    const names = new Set();
    for (const [top, bottom, left, right] of rectangles) {
      for (let down = Math.floor(top / BLOCK_ROWS); down * BLOCK_ROWS < bottom; down++) {
        for (let across = Math.floor(left / BLOCK_COLUMNS); across * BLOCK_COLUMNS < right; across++) names.add(key(down, across));
      }
    }
    this.wanted = [...names];
    this.pump();
  }

  pump() {
    for (const name of this.wanted) {
      if (this.underWay.size >= MAX_UNDER_WAY || this.closed) return;
      const block = this.blocks.get(name);
      if (!this.underWay.has(name) && (!block || block.age < this.age)) this.fetch(name);
    }
  }

  get isCurrent() {
    return this.wanted.every((name) => this.blocks.get(name)?.age === this.age);
  }

  async fetch(name) {
    const [down, across] = name.split(":").map(Number), age = this.age;
    this.underWay.add(name);
    try {
      const query = `top=${down * BLOCK_ROWS}&rows=${BLOCK_ROWS}&left=${across * BLOCK_COLUMNS}&columns=${BLOCK_COLUMNS}`;
      const reply = await fetch(`${this.address}/cells?${query}`);
      if (!reply.ok) throw new Error(String(reply.status));
      const block = await reply.json();
      if (this.closed) return;
      const before = this.blocks.get(name);
      block.age = age;
      const same = before && JSON.stringify([before.rows, before.styles]) === JSON.stringify([block.rows, block.styles]);
      block.version = same ? before.version : ++this.versions;
      block.before = before && !same ? { ...before, before: null } : null;
      this.blocks.delete(name);
      this.blocks.set(name, block);
      this.forget();
      this.arrived(!same);
    } catch {
      await new Promise((later) => setTimeout(later, RETRY_MS));
    } finally {
      this.underWay.delete(name);
      this.pump();
    }
  }

  forget() {
    for (const name of this.blocks.keys()) {
      if (this.blocks.size <= MAX_BLOCKS) return;
      if (!this.wanted.includes(name)) this.blocks.delete(name);
    }
  }

  // Whether a cell reads differently than before its block came in again.
  isNew(row, column) {
    const block = this.blocks.get(key(Math.floor(row / BLOCK_ROWS), Math.floor(column / BLOCK_COLUMNS)));
    if (!block?.before) return false;
    const now = read(block, row - block.top, column - block.left);
    return read(block.before, row - block.top, column - block.left).text !== now.text;
  }

  // From now on nothing counts as new any more.
  settle() { for (const block of this.blocks.values()) block.before = null; }
}

function read(block, down, across) {
  const cell = block.rows[down]?.[across];
  if (cell === null || cell === undefined) return NOTHING;
  if (typeof cell === "string") return { text: cell, style: block.styles[0], marks: NOTHING.marks };
  return { text: cell[0], style: block.styles[cell[1]], marks: cell[2] || NOTHING.marks };
}

const key = (down, across) => down + ":" + across;
