// What charts have in common: SVG elements, legends, axes with their titles and lines.

const NAMESPACE = "http://www.w3.org/2000/svg";
const LETTER_PX = 6.6, LINE_PX = 18, MAX_LEGEND_SHARE = 0.34;

export function svg(name, attributes, text) {
  const node = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

export function words(x, y, text, attributes = {}) { return svg("text", { x: Math.round(x), y: Math.round(y), ...attributes }, text); }

const fitted = (text, px) => text.length * LETTER_PX > px ? text.slice(0, Math.max(1, Math.floor(px / LETTER_PX) - 1)) + "…" : text;

// Draw the legend at its place, and take that place off the box.
export function drawLegend(picture, entries, place, box) {
  if (place === "none" || !entries.length) return;
  const layer = picture.appendChild(svg("g", { class: "legend" }));
  const entry = ({ name, color }, x, y, room) => {
    layer.append(svg("rect", { x, y: y - 9, width: 10, height: 10, rx: 2, fill: color }), words(x + 15, y, fitted(name, room - 20)));
  };
  if (place === "left" || place === "right") {
    const longest = Math.max(...entries.map(({ name }) => name.length)) * LETTER_PX + 24;
    const wide = Math.min(longest, (box.right - box.left) * MAX_LEGEND_SHARE), x = place === "left" ? box.left : box.right - wide;
    const most = Math.max(1, Math.floor((box.bottom - box.top) / LINE_PX)), shown = entries.slice(0, entries.length > most ? most - 1 : most);
    shown.forEach((one, n) => entry(one, x, box.top + 12 + n * LINE_PX, wide));
    if (shown.length < entries.length) layer.append(words(x + 15, box.top + 12 + shown.length * LINE_PX, `and ${entries.length - shown.length} more`));
    if (place === "left") box.left += wide + 14; else box.right -= wide + 14;
    return;
  }
  let x = box.left, lines = 1;
  const spots = entries.map(({ name }) => {
    const wide = Math.min(name.length * LETTER_PX + 34, box.right - box.left);
    if (x + wide > box.right && x > box.left) { x = box.left; lines++; }
    const spot = { x, line: lines - 1, wide };
    x += wide;
    return spot;
  });
  lines = Math.min(lines, 3);
  const top = place === "top" ? box.top : box.bottom - lines * LINE_PX;
  entries.forEach((one, n) => { if (spots[n].line < lines) entry(one, spots[n].x, top + 12 + spots[n].line * LINE_PX, spots[n].wide); });
  if (place === "top") box.top += lines * LINE_PX + 8; else box.bottom -= lines * LINE_PX + 8;
}

// Draw axes into the box, and return how data find their pixels.
export function drawAxes(picture, chart, box) {
  const isFlat = chart.kind === "bar", { domain, left, right } = chart.axes, layer = picture.appendChild(svg("g", { class: "axes" }));
  const numbers = left || right, widest = (axis) => axis ? Math.max(...axis.ticks.map(([, text]) => text.length)) * LETTER_PX + 10 : 0;
  const labelPx = Math.min(Math.max(0, ...chart.labels.map((label) => label.length)) * LETTER_PX + 10, (box.right - box.left) * 0.35);
  const sideTitle = isFlat ? domain.title : left?.title, footTitle = isFlat ? numbers.title : domain.title;
  const area = { left: box.left + (isFlat ? labelPx : widest(left)) + (sideTitle ? 18 : 0), right: box.right - (isFlat ? Math.max(8, widest(numbers) / 2) : right ? widest(right) : 6), top: box.top + 8, bottom: box.bottom - (footTitle ? 38 : 20) };
  if (right?.title && !isFlat) area.right -= 18;
  area.right = Math.max(area.right, area.left + 20);
  area.bottom = Math.max(area.bottom, area.top + 20);
  const between = (axis, low, high) => (value) => low + ((value - axis.min) / (axis.max - axis.min)) * (high - low);
  const scaleOf = (axis) => isFlat ? between(axis, area.left, area.right) : between(axis, area.bottom, area.top);
  drawTicks(layer, numbers, scaleOf(numbers), { area, isFlat, side: left ? "left" : "right", lines: true });
  if (left && right && !isFlat) drawTicks(layer, right, scaleOf(right), { area, isFlat, side: "right", lines: false });
  const along = chart.kind === "scatter" ? between(domain, area.left, area.right) : null;
  const band = (isFlat ? area.bottom - area.top : area.right - area.left) / Math.max(1, chart.labels.length);
  const middle = (n) => (isFlat ? area.top : area.left) + (n + 0.5) * band;
  if (along) for (const [value, text] of domain.ticks) layer.append(words(along(value), area.bottom + 16, text, { "text-anchor": "middle" }));
  else drawLabels(layer, chart.labels, { area, isFlat, band, middle, labelPx });
  const middleX = (area.left + area.right) / 2, middleY = (area.top + area.bottom) / 2;
  if (footTitle) layer.append(words(middleX, box.bottom - 2, fitted(footTitle, area.right - area.left), { "text-anchor": "middle", class: "axis-title" }));
  if (sideTitle) layer.append(upright(box.left + 8, middleY, fitted(sideTitle, area.bottom - area.top)));
  if (right?.title && !isFlat) layer.append(upright(box.right - 2, middleY, fitted(right.title, area.bottom - area.top)));
  return { isFlat, band, middle, along, scale: (side) => scaleOf(chart.axes[side]) };
}

function upright(x, y, text) {
  return words(x, y, text, { "text-anchor": "middle", class: "axis-title", transform: `rotate(-90 ${Math.round(x)} ${Math.round(y)})` });
}

function drawTicks(layer, axis, scale, { area, isFlat, side, lines }) {
  for (const [value, text] of axis.ticks) {
    const at = scale(value), isZero = value === 0 ? "zero" : "tick";
    if (isFlat) {
      if (lines) layer.append(svg("line", { x1: at, x2: at, y1: area.top, y2: area.bottom, class: isZero }));
      layer.append(words(at, area.bottom + 16, text, { "text-anchor": "middle" }));
    } else {
      if (lines) layer.append(svg("line", { x1: area.left, x2: area.right, y1: at, y2: at, class: isZero }));
      layer.append(words(side === "left" ? area.left - 6 : area.right + 6, at + 4, text, { "text-anchor": side === "left" ? "end" : "start" }));
    }
  }
}

function drawLabels(layer, labels, { area, isFlat, band, middle, labelPx }) {
  if (isFlat) {
    const step = Math.ceil(14 / band);
    labels.forEach((label, n) => { if (n % step === 0) layer.append(words(area.left - 6, middle(n) + 4, fitted(label, labelPx), { "text-anchor": "end" })); });
    return;
  }
  const longest = Math.min(Math.max(1, ...labels.map((label) => label.length)) * LETTER_PX + 10, 110);
  const needed = Math.max(1, Math.ceil(longest / band));
  const isRow = labels.every((label) => /^\d/.test(label));  // cut to its year a date says nothing; between two, one is clear
  const step = needed <= 3 && band >= 34 && !isRow ? 1 : needed;
  labels.forEach((label, n) => {
    if (n % step === 0) layer.append(words(middle(n), area.bottom + 16, fitted(label, Math.max(band * step - 4, 24)), { "text-anchor": "middle" }));
  });
}
