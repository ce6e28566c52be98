// Charts as SVG, drawn from what the server says they show. No text is ever read as markup.

import { drawAxes, drawLegend, svg, words } from "./chart_parts.js";

export function drawChart(chart) {
  const { w, h } = chart.at, picture = svg("svg", { viewBox: `0 0 ${w} ${h}`, width: w, height: h, role: "img" });
  picture.setAttribute("aria-label", describe(chart));
  if (chart.bg) { picture.style.backgroundColor = chart.bg; picture.classList.add("own-paper"); }
  const box = { left: 16, top: 14, right: w - 16, bottom: h - 14 };
  if (chart.title) { picture.append(words(box.left, box.top + 14, clip(chart.title, w / 9), { class: "chart-title" })); box.top += 26; }
  if (chart.subtitle) { picture.append(words(box.left, box.top + 10, clip(chart.subtitle, w / 7), { class: "chart-subtitle" })); box.top += 18; }
  if (chart.kind === "none" || isEmpty(chart)) {
    const text = chart.kind === "none" ? chart.why : "There is nothing to draw yet.";
    picture.append(words((box.left + box.right) / 2, (box.top + box.bottom) / 2, text, { "text-anchor": "middle", class: "chart-quiet" }));
    return picture;
  }
  drawLegend(picture, legendEntries(chart), chart.legend, box);
  if (chart.kind === "pie") drawPie(picture, chart, box);
  else drawPlot(picture, chart, box);
  if (chart.n_left_out) {
    const text = `One point in ${Math.round(1 + chart.n_left_out / chart.labels.length)} is drawn.`;
    picture.append(words(w - 12, 16, text, { "text-anchor": "end", class: "chart-quiet" }));
  }
  return picture;
}

const clip = (text, most) => text.length > most ? text.slice(0, Math.max(1, Math.floor(most) - 1)) + "…" : text;
const isEmpty = (chart) => !chart.series.some((one) => one.values.some((value) => value !== null));

function describe(chart) {
  if (chart.alt) return chart.alt;
  const names = chart.series.map((one) => one.name).filter(Boolean).join(", ");
  const kind = chart.kind === "none" ? "Chart" : chart.kind[0].toUpperCase() + chart.kind.slice(1) + " chart";
  return `${kind}${chart.title ? " “" + chart.title + "”" : ""}${names ? " of " + names : ""}, ${chart.labels.length} points`;
}

function legendEntries(chart) {
  if (chart.kind === "pie") return chart.labels.map((label, n) => ({ name: label, color: chart.colors[n] }));
  return chart.series.map(({ name, color }) => ({ name, color }));
}

// ---- bars, lines, areas, points

function drawPlot(picture, chart, box) {
  const plot = drawAxes(picture, chart, box), layer = picture.appendChild(svg("g", { class: "chart-marks" }));
  const sums = { left: [], right: [] }, below = { left: [], right: [] };
  if (chart.stacked === "share") share(chart);
  const bars = chart.series.filter((one) => one.kind === "column" || one.kind === "bar");
  const groups = chart.stacked ? 1 : Math.max(1, bars.length);
  for (const one of chart.series) {
    const scale = plot.scale(one.side);
    const isStacked = chart.stacked && one.kind !== "line" && one.kind !== "scatter";
    const base = one.values.map((value, n) => {
      if (!isStacked) return 0;
      const pile = value < 0 ? below[one.side] : sums[one.side], from = pile[n] || 0;
      pile[n] = from + (value || 0);
      return from;
    });
    if (one.kind === "column" || one.kind === "bar") drawBars(layer, chart, one, { plot, scale, base, slot: isStacked ? 0 : bars.indexOf(one), groups });
    else if (one.kind === "scatter") drawPoints(layer, chart, one, { plot, scale });
    else drawLine(layer, chart, one, { plot, scale, base });
  }
}

function share(chart) {
  const totals = chart.labels.map((_, n) => chart.series.reduce((sum, one) => sum + Math.abs(one.values[n] || 0), 0) || 1);
  for (const one of chart.series) one.values = one.values.map((value, n) => value === null ? null : Math.abs(value) / totals[n]);
}

function drawBars(layer, chart, one, { plot, scale, base, slot, groups }) {
  const band = plot.band, thick = Math.max(1, Math.min(band * 0.72, 220) / groups);
  one.values.forEach((value, n) => {
    if (value === null) return;
    const at = plot.middle(n) - (thick * groups) / 2 + slot * thick, from = scale(base[n]), to = scale(base[n] + value);
    const low = Math.min(from, to), size = Math.max(Math.abs(to - from), 0.5), gap = thick > 6 ? 0.5 : 0;
    const shape = plot.isFlat ? { x: low, y: at + gap, width: size, height: thick - 2 * gap } : { x: at + gap, y: low, width: thick - 2 * gap, height: size };
    layer.append(titled(svg("rect", { ...shape, fill: one.color, class: "bar" }), chart, one, n));
  });
}

function drawLine(layer, chart, one, { plot, scale, base }) {
  for (const run of runs(one.values)) {
    const corners = (n, y) => one.stepped ? [[plot.middle(n) - plot.band / 2, y], [plot.middle(n) + plot.band / 2, y]] : [[plot.middle(n), y]];
    const points = run.flatMap((n) => corners(n, scale(base[n] + one.values[n])));
    if (one.kind === "area") {
      const floor = run.flatMap((n) => corners(n, scale(base[n]))).reverse();
      layer.append(svg("path", { d: path(points, false) + " L " + floor.map((point) => point.map(round).join(" ")).join(" L ") + " Z", fill: one.color, "fill-opacity": 0.3, class: "area" }));
    }
    layer.append(svg("path", { d: path(points, chart.smooth), fill: "none", stroke: one.color, "stroke-width": 2, "stroke-linejoin": "round", class: "line" }));
  }
  if (one.values.length <= 60 && !one.stepped) {
    one.values.forEach((value, n) => {
      if (value !== null) layer.append(titled(svg("circle", { cx: round(plot.middle(n)), cy: round(scale(base[n] + value)), r: 3, fill: one.color, class: "dot" }), chart, one, n));
    });
  }
}

function drawPoints(layer, chart, one, { plot, scale }) {
  one.values.forEach((value, n) => {
    const x = chart.axes.xs[n];
    if (value === null || x === null) return;
    layer.append(titled(svg("circle", { cx: round(plot.along(x)), cy: round(scale(value)), r: 4, fill: one.color, "fill-opacity": 0.8, class: "point" }), chart, one, n));
  });
}

function titled(mark, chart, one, n) {
  mark.append(svg("title", {}, `${chart.labels[n] || n + 1}\n${one.name ? one.name + ": " : ""}${one.texts[n]}`));
  return mark;
}

// Stretches of neighbours that have a value: a gap in the data is a gap in the line.
function runs(values) {
  const found = [];
  values.forEach((value, n) => {
    if (value === null) return;
    if (found.length && found.at(-1).at(-1) === n - 1) found.at(-1).push(n); else found.push([n]);
  });
  return found;
}

const round = (number) => Math.round(number * 10) / 10;

function path(points, smooth) {
  if (!smooth || points.length < 3) return "M " + points.map((point) => point.map(round).join(" ")).join(" L ");
  let d = "M " + points[0].map(round).join(" ");
  for (let n = 1; n < points.length; n++) {
    const [x, y] = points[n], [px, py] = points[n - 1], middle = (px + x) / 2;
    d += ` C ${round(middle)} ${round(py)} ${round(middle)} ${round(y)} ${round(x)} ${round(y)}`;
  }
  return d;
}

// ---- pies

function drawPie(picture, chart, box) {
  const one = chart.series[0], total = one.values.reduce((sum, value) => sum + (value || 0), 0);
  const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2, radius = Math.max(10, Math.min(box.right - box.left, box.bottom - box.top) / 2 - 4);
  const layer = picture.appendChild(svg("g", { class: "chart-marks" }));
  let turned = 0;
  one.values.forEach((value, n) => {
    if (!value) return;
    const part = value / total, slice = svg("path", { d: wedge(x, y, radius, turned, turned + part, chart.hole), fill: chart.colors[n], class: "slice" });
    slice.append(svg("title", {}, `${chart.labels[n]}\n${one.texts[n]} (${(100 * part).toFixed(1)}%)`));
    layer.append(slice);
    if (part > 0.04) {
      const angle = (turned + part / 2) * 2 * Math.PI, far = radius * (chart.hole ? (1 + chart.hole) / 2 : 0.66);
      layer.append(words(x + far * Math.sin(angle), y - far * Math.cos(angle) + 4, `${(100 * part).toFixed(1)}%`, { "text-anchor": "middle", class: "slice-text", fill: inkOn(chart.colors[n]) }));
    }
    turned += part;
  });
}

function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 145 ? "#202124" : "#ffffff";
}

function wedge(x, y, radius, from, to, hole) {
  const end = Math.min(to, from + 0.99999), big = end - from > 0.5 ? 1 : 0;
  const at = (share, far) => [x + far * Math.sin(share * 2 * Math.PI), y - far * Math.cos(share * 2 * Math.PI)].map((part) => Math.round(part * 100) / 100).join(" ");
  const outer = `M ${at(from, radius)} A ${radius} ${radius} 0 ${big} 1 ${at(end, radius)}`;
  if (!hole) return `${outer} L ${x} ${y} Z`;
  const inner = radius * hole;
  return `${outer} L ${at(end, inner)} A ${inner} ${inner} 0 ${big} 0 ${at(from, inner)} Z`;
}
