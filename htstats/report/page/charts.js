"use strict";
// Charts as SVG elements. Text enters only as textContent, so that no name can become markup.

const SVG = "http://www.w3.org/2000/svg";

// Make an element: attributes first, then children; a string becomes text.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  return furnish(element, attributes, children);
}

function draw(tag, attributes, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// A number for people: four significant digits, thousands in groups.
function show(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en");
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(digits - 2).replace("e+", "e");
  return String(Number(value.toPrecision(digits)));
}

// A scale from data to pixels, linear or logarithmic, with its ticks.
function scale(low, high, from, to, log, whole) {
  if (log) {
    const [a, b] = [Math.log10(low), Math.log10(high)];
    const at = (v) => from + ((Math.log10(v) - a) / (b - a)) * (to - from);
    return { at, ticks: logTicks(a, b) };
  }
  const at = (v) => from + ((v - low) / (high - low)) * (to - from);
  return { at, ticks: linearTicks(low, high, whole) };
}

function linearTicks(low, high, whole) {
  const raw = Math.max((high - low) / 5, whole ? 1 : 0);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = (whole ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]).find((m) => m * power >= raw) * power;
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-9 * step; k++) ticks.push(k * step);
  return ticks;
}

function logTicks(a, b) {
  const ticks = [];
  if (b - a >= 2) {
    const step = Math.ceil((b - a) / 7);
    for (let k = Math.ceil(a - 1e-9); k <= b + 1e-9; k++) {
      if ((((k % step) + step) % step) === 0) ticks.push(10 ** k);
    }
    return ticks;
  }
  for (let k = Math.floor(a); k <= b; k++) {
    for (const m of [1, 2, 5]) {
      const at = k + Math.log10(m);
      if (at >= a - 1e-9 && at <= b + 1e-9) ticks.push(Number((m * 10 ** k).toPrecision(3)));
    }
  }
  return ticks;
}

// The label of a tick; far powers of ten get an exponent.
function tickLabel(value, log, attributes) {
  const power = Math.log10(Math.abs(value));
  const round = Math.round(power);
  if (log && Math.abs(power - round) < 1e-9 && (round < -3 || round > 4)) {
    const exponent = draw("tspan", { dy: "-5", "font-size": "9" }, String(round).replace("-", "−"));
    return draw("text", attributes, "10", exponent);
  }
  return draw("text", attributes, show(Number(value.toPrecision(6))));
}

// The range of a coordinate over all series that take part in the scale.
function range(spec, axis) {
  let low = Infinity, high = -Infinity;
  for (const series of spec.series) {
    if (series.aside) continue;
    for (const p of series.points) {
      for (const v of axis === "x" ? [p.x] : [p.y, p.low, p.high]) {
        if (!Number.isFinite(v) || (spec[axis].log && v <= 0)) continue;
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
    }
  }
  const given = spec[axis];
  if (given.least !== undefined) low = given.log ? Math.max(low, given.least) : given.least;
  if (given.most !== undefined) high = Math.min(high, given.most);
  if (!(low <= high)) return given.log ? [1, 10] : [0, 1];
  if (given.log) return low === high ? [low / 2, high * 2] : [low / 1.08, high * 1.12];
  const pad = (high - low || Math.abs(high) || 1) * 0.06;
  return [given.least !== undefined ? low : low - pad, high + pad];
}

const SHAPES = [
  (x, y) => draw("circle", { cx: x, cy: y, r: 4 }),
  (x, y) => draw("rect", { x: x - 3.6, y: y - 3.6, width: 7.2, height: 7.2 }),
  (x, y) => draw("path", { d: `M${x} ${y - 5}l4.8 8.4h-9.6z` }),
  (x, y) => draw("path", { d: `M${x} ${y - 5.2}l5.2 5.2l-5.2 5.2l-5.2-5.2z` }),
  (x, y) => draw("path", { d: `M${x} ${y + 5}l4.8-8.4h-9.6z` }),
  (x, y) => draw("circle", { cx: x, cy: y, r: 3.6, "data-open": "" }),
];

function marker(series, x, y) {
  const shape = SHAPES[(series.shape || 0) % SHAPES.length](x, y);
  shape.setAttribute("class", shape.hasAttribute("data-open") || series.open ? "dot open" : "dot");
  return shape;
}

function legendKey(series) {
  const key = draw("svg", { viewBox: "0 0 22 12", class: series.colour, "aria-hidden": "true" });
  if (series.kind === "band") key.append(draw("rect", { x: 0, y: 1, width: 22, height: 10, class: "band" }));
  else if (series.kind === "points") key.append(marker(series, 11, 6));
  else key.append(draw("path", { d: "M1 6h20", class: `line ${series.style || ""}` }));
  return key;
}

// A figure: caption, legend, picture, and its numbers as a table and as CSV.
//
// spec: title, note, x and y ({label, log, least, most}), series ({name, kind: line | points | band,
// colour, style, points: [{x, y, low, high, name, id}]}), marks ([{x, label}]), falls (whether curves
// fall from the top left), file, open(id).
function figure(spec, heading = "h3") {
  const svg = draw("svg", { tabindex: "0", role: "img", "aria-label": summary(spec) });
  const tip = make("div", { class: "tip", hidden: "" });
  const legend = make("ul", { class: "legend" });
  for (const series of spec.series) {
    if (series.name) legend.append(make("li", {}, legendKey(series), make("span", {}, series.name)));
  }
  const numbers = make("div", { class: "numbers", hidden: "", tabindex: "0" });
  const toggle = make("button", { type: "button", "aria-expanded": "false" }, "Numbers");
  toggle.addEventListener("click", () => {
    if (!numbers.firstChild) numbers.append(numbersTable(spec));
    numbers.hidden = !numbers.hidden;
    toggle.setAttribute("aria-expanded", String(!numbers.hidden));
  });
  const csv = make("button", { type: "button", "aria-label": `CSV of: ${spec.title}` }, "CSV");
  csv.addEventListener("click", () => save(`${spec.file}.csv`, figureCsv(spec), "text/csv"));
  const caption = make("figcaption", {}, make(heading, {}, spec.title));
  if (spec.note) caption.append(make("p", { class: "note" }, spec.note));
  const under = make("div", { class: "under" }, toggle, csv);
  const whole = make("figure", { class: "card" }, caption, legend, svg, under, numbers, tip);
  let width = 0;
  new ResizeObserver(([entry]) => {
    const found = Math.round(Math.max(240, entry.contentRect.width));
    if (Math.abs(found - width) > 3) paint(svg, spec, (width = found));
  }).observe(whole);
  listen(svg, tip, spec);
  return whole;
}

function summary(spec) {
  const n = spec.series.reduce((sum, s) => sum + (s.aside ? 0 : s.points.length), 0);
  return `${spec.title}. ${spec.y.label} against ${spec.x.label}, ${n} points. Arrow keys read the points.`;
}

function paint(svg, spec, width) {
  const height = Math.round(Math.min(340, Math.max(230, width * 0.62)));
  const box = { left: 58, right: width - 10, top: 10, bottom: height - 42 };
  const x = scale(...range(spec, "x"), box.left, box.right, spec.x.log, spec.x.whole);
  const y = scale(...range(spec, "y"), box.bottom, box.top, spec.y.log);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.replaceChildren(draw("title", {}, spec.title));
  const clip = `clip-${paint.count = (paint.count || 0) + 1}`;
  const area = { x: box.left, y: box.top - 4, width: box.right - box.left + 4, height: box.bottom - box.top + 8 };
  svg.append(draw("clipPath", { id: clip }, draw("rect", area)));
  const few = Math.max(2, Math.floor(width / 80));
  const step = Math.ceil(x.ticks.length / few);
  x.ticks.forEach((tick, k) => {
    const at = x.at(tick);
    svg.append(draw("path", { class: "grid", d: `M${at} ${box.top}V${box.bottom}` }));
    if (k % step === 0) {
      const atEdge = at > box.right - 12; // a centred label would be cut off
      const place = atEdge ? { x: width - 1, "text-anchor": "end" } : { x: at, "text-anchor": "middle" };
      svg.append(tickLabel(tick, spec.x.log, { ...place, y: box.bottom + 17 }));
    }
  });
  for (const tick of y.ticks) {
    const at = y.at(tick);
    svg.append(draw("path", { class: "grid", d: `M${box.left} ${at}H${box.right}` }));
    svg.append(tickLabel(tick, spec.y.log, { x: box.left - 7, y: at + 4, "text-anchor": "end" }));
  }
  svg.append(draw("path", { class: "axis", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` }));
  const middle = (box.left + box.right) / 2;
  svg.append(draw("text", { x: middle, y: height - 6, "text-anchor": "middle" }, spec.x.label));
  const turn = `translate(13 ${(box.top + box.bottom) / 2}) rotate(-90)`;
  svg.append(draw("text", { transform: turn, "text-anchor": "middle" }, spec.y.label));
  const inside = draw("g", { "clip-path": `url(#${clip})` });
  svg.append(inside);
  for (const mark of spec.marks || []) paintMark(inside, mark, x, y, box);
  for (const series of spec.series) paintSeries(inside, series, x, y, spec);
  for (const mark of spec.marks || []) labelMark(inside, mark, x, box, spec.falls);
  svg.scales = { x, y, box, width };
  svg.hit = draw("circle", { class: "hit", r: 7, visibility: "hidden" });
  svg.append(svg.hit);
}

function paintMark(group, mark, x, y, box) {
  if (mark.diagonal) {
    const [low, high] = mark.diagonal;
    group.append(draw("path", { class: "mark", d: `M${x.at(low)} ${y.at(low)}L${x.at(high)} ${y.at(high)}` }));
    return;
  }
  const at = x.at(mark.x);
  if (!(at >= box.left && at <= box.right)) return;
  group.append(draw("path", { class: "mark", d: `M${at} ${box.top}V${box.bottom}` }));
}

// The label of a mark: at the bottom if the curves fall from the top left, else at the top.
function labelMark(group, mark, x, box, low) {
  if (mark.diagonal) return;
  const at = x.at(mark.x);
  if (!(at >= box.left && at <= box.right)) return;
  const right = at > box.right - 90;
  const y = low ? box.bottom - (mark.row ? 22 : 8) : box.top + (mark.row ? 26 : 12);
  const words = { class: "halo", x: right ? at - 5 : at + 5, y, "text-anchor": right ? "end" : "start" };
  group.append(draw("text", words, mark.label));
}

function drawable(p, spec) {
  return Number.isFinite(p.x) && (!spec.x.log || p.x > 0);
}

function paintSeries(svg, series, x, y, spec) {
  const group = draw("g", { class: series.colour });
  const points = series.points.filter((p) => drawable(p, spec));
  const floor = (v) => (spec.y.log && !(v > 0) ? 1e-300 : v);
  if (series.kind === "band") {
    const bound = (v) => Math.max(-1e4, Math.min(1e4, y.at(floor(v))));
    const there = points.map((p) => `${x.at(p.x).toFixed(1)} ${bound(p.high).toFixed(1)}`);
    const back = points.map((p) => `${x.at(p.x).toFixed(1)} ${bound(p.low).toFixed(1)}`).reverse();
    if (there.length) group.append(draw("path", { class: "band", d: `M${there.join("L")}L${back.join("L")}Z` }));
  } else if (series.kind === "line") {
    const shown = points.filter((p) => Number.isFinite(p.y) && (!spec.y.log || p.y > 0));
    const path = shown.map((p) => `${x.at(p.x).toFixed(1)} ${y.at(p.y).toFixed(1)}`).join("L");
    if (path) group.append(draw("path", { class: `line ${series.style || ""}`, d: `M${path}` }));
  } else {
    for (const p of points) {
      if (!Number.isFinite(p.y) || (spec.y.log && p.y <= 0)) continue;
      const [px, py] = [x.at(p.x), y.at(p.y)];
      if (Number.isFinite(p.low)) {
        group.append(draw("path", { class: "bar", d: `M${px} ${y.at(floor(p.low))}V${y.at(p.high)}` }));
      }
      group.append(marker(series, px, py));
    }
  }
  svg.append(group);
}

// Pointer and keyboard: the nearest point, its numbers in a tip, and its matrix on click.
function listen(svg, tip, spec) {
  const all = spec.series
    .filter((s) => s.kind !== "band" && !s.aside)
    .flatMap((s) => s.points.map((p) => ({ ...p, series: s.name })))
    .filter((p) => drawable(p, spec) && Number.isFinite(p.y) && (!spec.y.log || p.y > 0))
    .sort((a, b) => a.x - b.x);
  let current = -1;
  const place = (k, speak) => {
    current = k;
    const p = all[k];
    const { x, y, box, width } = svg.scales;
    const [px, py] = [x.at(p.x), y.at(p.y)];
    svg.hit.setAttribute("cx", px);
    svg.hit.setAttribute("cy", py);
    svg.hit.setAttribute("visibility", px >= box.left - 1 ? "visible" : "hidden");
    tip.replaceChildren(...pointLines(p, spec).map((line) => make("div", {}, line)));
    tip.hidden = false;
    const [frame, whole] = [svg.getBoundingClientRect(), tip.parentNode.getBoundingClientRect()];
    const ratio = frame.width / width;
    const left = frame.left - whole.left + px * ratio + 12;
    const top = frame.top - whole.top + py * ratio - tip.offsetHeight - 12;
    tip.style.left = `${Math.max(4, Math.min(left, whole.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.max(4, top)}px`;
    if (speak) document.getElementById("status").textContent = pointLines(p, spec).join(", ");
  };
  const leave = () => {
    current = -1;
    tip.hidden = true;
    if (svg.hit) svg.hit.setAttribute("visibility", "hidden");
  };
  svg.addEventListener("pointermove", (event) => {
    const { x, y, width } = svg.scales;
    const frame = svg.getBoundingClientRect();
    const ratio = width / frame.width;
    const [mx, my] = [(event.clientX - frame.left) * ratio, (event.clientY - frame.top) * ratio];
    let best = -1, least = 900;
    all.forEach((p, k) => {
      const far = (x.at(p.x) - mx) ** 2 + (y.at(p.y) - my) ** 2;
      if (far < least) [best, least] = [k, far];
    });
    if (best >= 0) place(best, false);
    else leave();
    svg.style.cursor = best >= 0 && spec.open ? "pointer" : "";
  });
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("blur", leave);
  svg.addEventListener("click", () => current >= 0 && spec.open && spec.open(all[current].id));
  svg.addEventListener("keydown", (event) => {
    const moves = { ArrowRight: 1, ArrowLeft: -1, Home: -all.length, End: all.length };
    if (event.key in moves && all.length) {
      event.preventDefault();
      place(Math.max(0, Math.min(all.length - 1, current + moves[event.key])), true);
    } else if (event.key === "Enter" && current >= 0 && spec.open) {
      event.preventDefault(); // else the same key would press the button that gets the focus
      spec.open(all[current].id);
    }
    if (event.key === "Escape") leave();
  });
}

function pointLines(p, spec) {
  const lines = [`${spec.x.label}: ${show(p.x)}`, `${spec.y.label}: ${show(p.y)}`];
  if (Number.isFinite(p.low)) lines.push(`interval: ${show(p.low)} to ${show(p.high)}`);
  for (const [key, value] of Object.entries(p.more || {})) lines.push(`${key}: ${show(value)}`);
  return [p.name || p.series, ...lines].filter(Boolean);
}

// The numbers of a figure, one row for each point.
function figureRows(spec) {
  const rows = [];
  for (const series of spec.series) {
    if (series.aside) continue;
    for (const p of series.points) {
      rows.push({ series: series.name, name: p.name, x: p.x, y: p.y, low: p.low, high: p.high, ...p.more });
    }
  }
  const used = Object.keys(Object.assign({}, ...rows)).filter((key) => rows.some((row) => row[key] !== undefined));
  return [used, rows];
}

function figureCsv(spec) {
  const [keys, rows] = figureRows(spec);
  return toCsv(keys.map((key) => ({ x: spec.x.label, y: spec.y.label })[key] || key), rows.map((row) => keys.map((key) => row[key])));
}

function numbersTable(spec) {
  const [keys, rows] = figureRows(spec);
  const labels = { x: spec.x.label, y: spec.y.label };
  const head = make("tr", {}, ...keys.map((key) => make("th", { scope: "col" }, labels[key] || key)));
  const body = rows.map((row) =>
    make("tr", {}, ...keys.map((key) => make("td", {}, typeof row[key] === "number" ? show(row[key], 5) : row[key] || ""))));
  return make("table", {}, make("caption", { class: "hidden" }, spec.title), make("thead", {}, head), make("tbody", {}, ...body));
}

// CSV as in RFC 4180, with numbers in their shortest exact form.
function toCsv(header, rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
