// Rows or columns of a tab as a ruler: where each begins, how large it is, and which one lies at a pixel.
// Lines of the usual size are not stored, so a ruler of ten million rows costs nothing.

export class Lines {
  // runs: [start, end, pixels] of other sizes; hidden: [start, end]. Both sorted.
  constructor(count, usual, runs, hidden) {
    this.count = count;
    this.hidden = hidden;
    this.starts = [0];
    this.sizes = [usual];
    this.tops = [0];
    const edges = new Set([0, count]);
    for (const [start, end] of [...runs, ...hidden]) { edges.add(Math.min(start, count)); edges.add(Math.min(end, count)); }
    const sorted = [...edges].sort((a, b) => a - b);
    let run = 0, gap = 0, top = 0;
    for (let n = 0; n + 1 < sorted.length; n++) {
      const start = sorted[n], end = sorted[n + 1];
      while (run < runs.length && runs[run][1] <= start) run++;
      while (gap < hidden.length && hidden[gap][1] <= start) gap++;
      const isHidden = gap < hidden.length && hidden[gap][0] <= start;
      const size = isHidden ? 0 : run < runs.length && runs[run][0] <= start ? runs[run][2] : usual;
      this.starts[n] = start;
      this.sizes[n] = size;
      this.tops[n] = top;
      top += (end - start) * size;
    }
    this.total = top;
  }

  part(index) { return search(this.starts, index); }
  size(index) { return this.sizes[this.part(index)]; }
  isHidden(index) { return this.size(index) === 0; }

  // The pixel at which a line begins; `count` itself is the end.
  top(index) {
    if (index >= this.count) return this.total;
    const part = this.part(index);
    return this.tops[part] + (index - this.starts[part]) * this.sizes[part];
  }

  // The line at a pixel, always one that exists.
  at(px) {
    if (!this.count) return 0;
    const part = search(this.tops, Math.max(0, px), this.sizes);
    const inside = this.sizes[part] ? Math.floor((px - this.tops[part]) / this.sizes[part]) : 0;
    return Math.max(0, Math.min(this.count - 1, this.starts[part] + Math.max(0, inside)));
  }

  // The nearest visible line from `index` in the direction of `step`, or null.
  visible(index, step) {
    while (index >= 0 && index < this.count && this.isHidden(index)) {
      const part = this.part(index);
      index = step > 0 ? (this.starts[part + 1] ?? this.count) : this.starts[part] - 1;
    }
    return index >= 0 && index < this.count ? index : null;
  }

  // Whether lines are hidden just before this one.
  afterHidden(index) { return index > 0 && this.isHidden(index - 1); }
}

// Rectangles of a tab, found by a cell of theirs, however many there are.
export class Areas {
  // all: {top, bottom, left, right, ...}, the ends not included.
  constructor(count, all) {
    this.step = Math.max(64, Math.ceil(count / 1000));
    this.parts = new Map();
    for (const one of all) {
      for (let part = Math.floor(one.top / this.step); part * this.step < one.bottom; part++) {
        if (!this.parts.has(part)) this.parts.set(part, []);
        this.parts.get(part).push(one);
      }
    }
  }

  at(row, column) {
    const near = this.parts.get(Math.floor(row / this.step));
    return near?.find((one) => row >= one.top && row < one.bottom && column >= one.left && column < one.right);
  }
}

// The last place whose value is not above `wanted`; with sizes, among equal values the one that has a size.
function search(values, wanted, sizes) {
  let low = 0, high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= wanted) low = middle; else high = middle - 1;
  }
  while (sizes && low > 0 && sizes[low] === 0 && low === values.length - 1) low--;
  return low;
}

export function letters(index) {
  let name = "";
  for (let n = index + 1; n > 0; n = Math.floor((n - 1) / 26)) name = String.fromCharCode(65 + (n - 1) % 26) + name;
  return name;
}

// Read an address such as "B12", "12" or "AA" as {row, column}; null when it is none.
export function readAddress(text) {
  const found = /^\s*\$?([A-Za-z]{1,3})?\$?(\d{1,8})?\s*$/.exec(text);
  if (!found || (!found[1] && !found[2]) || found[2] === "0") return null;
  const column = found[1] ? [...found[1].toUpperCase()].reduce((sum, one) => sum * 26 + one.charCodeAt(0) - 64, 0) - 1 : null;
  return { row: found[2] ? Number(found[2]) - 1 : null, column };
}
