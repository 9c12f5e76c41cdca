"use strict";
// The page: unpack the data, draw the overview, sort and filter the table, open matrices, download.

const report = JSON.parse(document.getElementById("data").textContent);
const many = report.networks.length > 1;

// A statement is stored as its form, its name, its value, and the logarithm of a value that is 0.
function unpackStatement([form, name, value, log]) {
  return { ...report.forms[form], name, value, ...(log === undefined ? {} : { log }) };
}

// Rows are stored as one list of keys and lists of values, which takes half the bytes.
for (const network of report.networks) {
  const { keys, rows } = network.matrices;
  network.rows = rows.map((values) => {
    const row = {};
    values.forEach((value, k) => { if (value !== null) row[keys[k]] = value; });
    if (row.statements) row.statements = row.statements.map(unpackStatement);
    return row;
  });
}

const rowAt = (id) => {
  const [n, k] = id.split("-").slice(1).map(Number);
  return report.networks[n] && report.networks[n].rows[k];
};
const idOf = (n, k) => `m-${n}-${k}`;
const fileName = (text) => text.replace(/[^\w.-]+/g, "_").slice(-80).replace(/^[._]+/, "") || "matrix";
const base = fileName(report.networks.map((n) => n.file.split(/[\\/]/).pop()).join("-"));

// ---------------------------------------------------------------- downloads

function flatten(row, prefix = "", out = {}) {
  for (const [key, value] of Object.entries(row)) {
    const name = prefix + key;
    if (key === "curves" || key === "statements" || key === "notes") continue;
    if (key.endsWith("interval")) [out[`${name}_low`], out[`${name}_high`]] = value;
    else if (Array.isArray(value)) out[name] = value.join("x");
    else if (value && typeof value === "object") flatten(value, `${name}_`, out);
    else out[name] = value;
  }
  return out;
}

function tableCsv() {
  const flat = report.networks.flatMap((network, n) =>
    network.rows.map((row) => ({ ...(many ? { network: "AB"[n], file: network.file } : {}), ...flatten(row) })));
  const keys = Object.keys(Object.assign({}, ...flat));
  return toCsv(keys, flat.map((row) => keys.map((key) => row[key])));
}

function everything() {
  const networks = report.networks.map(({ rows, matrices, ...rest }) => ({ ...rest, matrices: rows }));
  const { forms, ...rest } = report;
  return JSON.stringify({ ...rest, networks }, null, 1);
}

function curvesCsv(row) {
  const rows = [];
  const walk = (curve, name) => {
    const columns = Object.entries(curve).filter(([, v]) => Array.isArray(v));
    for (const [key, inner] of Object.entries(curve)) if (!Array.isArray(inner)) walk(inner, name ? `${name}/${key}` : key);
    const x = curve.x || [];
    for (const [key, values] of columns) {
      if (key !== "x") values.forEach((value, k) => rows.push([row.name, name, x[k], key, value]));
    }
  };
  walk(row.curves || {}, "");
  return toCsv(["matrix", "curve", "x", "quantity", "value"], rows);
}

document.getElementById("save-csv").addEventListener("click", () => save(`${base}.csv`, tableCsv(), "text/csv"));
document.getElementById("save-json").addEventListener("click", () => save(`${base}.json`, everything(), "application/json"));

// ---------------------------------------------------------------- colours

const themes = ["auto", "light", "dark"];
const themeButton = document.getElementById("theme");
let theme = "auto";
try { theme = localStorage.getItem("htstats-theme") || "auto"; } catch { /* not available */ }

function setTheme(name) {
  theme = themes.includes(name) ? name : "auto";
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  themeButton.textContent = { auto: "Auto", light: "Light", dark: "Dark" }[theme];
  const words = { auto: "as the system", light: "light", dark: "dark" }[theme];
  themeButton.setAttribute("aria-label", `Colours: ${words}`);
  try { localStorage.setItem("htstats-theme", theme); } catch { /* not available */ }
}
themeButton.addEventListener("click", () => setTheme(themes[(themes.indexOf(theme) + 1) % 3]));
setTheme(theme);

// ---------------------------------------------------------------- overview

function groups() {
  if (many) {
    return report.networks.map((network, n) => ({ name: `${"AB"[n]}: ${network.file.split(/[\\/]/).pop()}`, n, rows: network.rows.map((row, k) => [row, k]) }));
  }
  const roles = new Map();
  report.networks[0].rows.forEach((row, k) => {
    if (!roles.has(row.role)) roles.set(row.role, []);
    roles.get(row.role).push([row, k]);
  });
  return [...roles].map(([name, rows]) => ({ name: roles.size > 1 ? name : "", n: 0, rows }));
}

function overview() {
  const place = document.getElementById("overview");
  if (!place) return;
  const cluster = (pick) => groups().map((group, k) => ({
    name: group.name, kind: "points", colour: `s${k % 6}`, shape: k,
    points: group.rows.map(([row, i]) => [pick(row), row, i]).filter(([p]) => p).map(([p, row, i]) => ({ ...p, name: row.name, id: idOf(group.n, i) })),
  }));
  const bounds = (row) => (row.alpha_interval ? { low: row.alpha_interval[0], high: row.alpha_interval[1] } : {});
  const specs = [
    {
      title: "alpha by depth", file: `${base}-alpha-by-depth`,
      note: "The exponent of the density of each matrix, with its 95 % interval. Click a point to open its matrix.",
      x: { label: "depth (number of the matrix)", whole: true }, y: { label: "alpha" },
      series: cluster((row) => row.alpha !== undefined && { x: row.depth, y: row.alpha, ...bounds(row) }),
    },
    {
      title: "Stable rank against alpha", file: `${base}-stable-rank`,
      note: "Figure 3 of the paper on this network. The shape of a matrix bounds its stable rank.",
      x: { label: "alpha" }, y: { label: "stable rank", log: true },
      series: cluster((row) => row.alpha !== undefined && row.stable_rank !== undefined && { x: row.alpha, y: row.stable_rank }),
    },
  ];
  if (report.networks.some((network) => network.rows.some((row) => row.esd_alpha))) {
    specs.push({
      title: "alpha of the spectrum by depth", file: `${base}-spectrum`,
      note: "The exponent of the eigenvalues of W Wᵀ. WeightWatcher calls it over-trained below 2 and under-trained above 6.",
      x: { label: "depth (number of the matrix)", whole: true }, y: { label: "alpha of the eigenvalues" },
      series: cluster((row) => row.esd_alpha !== undefined && { x: row.depth, y: row.esd_alpha, low: row.esd_alpha - 1.96 * row.esd_sigma, high: row.esd_alpha + 1.96 * row.esd_sigma }),
    });
  }
  if (report.networks.some((network) => network.rows.some((row) => row.kept_fraction !== undefined))) {
    specs.push({
      title: "Kept fraction by depth", file: `${base}-kept`,
      note: `The proportion of elements that compress keeps, at the threshold ${report.options.threshold}.`,
      x: { label: "depth (number of the matrix)", whole: true }, y: { label: "kept, %" },
      series: cluster((row) => row.kept_fraction !== undefined && { x: row.depth, y: 100 * row.kept_fraction }),
    });
  }
  place.append(...specs.map((spec) => figure({ ...spec, open: reveal })));
}

// ---------------------------------------------------------------- one matrix

const lineOf = (x, y) => x.map((v, k) => ({ x: v, y: y[k] }));

function tailSpec(row) {
  const { tail, alternatives = {} } = row.curves;
  const share = row.n_tail / row.n;
  const series = [{ name: "data", kind: "line", colour: "sdata", points: tail.x.map((x, k) => ({ x, y: tail.n[k] / row.n, more: { count: tail.n[k] } })) }];
  const fitted = row.curves.predicted;
  series.push({ name: `power law, alpha = ${show(row.alpha)}`, kind: "line", style: "dash", colour: "sfit", points: lineOf(fitted.x, fitted.expected.map((v) => v / row.n)) });
  Object.entries(alternatives).forEach(([name, law], k) => {
    series.push({ name: name.replaceAll("_", " "), kind: "line", style: "dots", colour: `s${[0, 2, 3, 4, 5][k % 5]}`, points: lineOf(law.x, law.sf.map((v) => v * share)) });
  });
  return {
    title: "Tail", note: "The proportion of values at or above x. From xmin on, the fitted laws.",
    x: { label: "x", log: true }, y: { label: "P(X ≥ x)", log: true, least: 0.5 / row.n }, series, falls: true, marks: [{ x: row.xmin, label: "xmin" }],
  };
}

function scanSpec(row) {
  const { scan, tail } = row.curves;
  const points = scan.x.map((x, k) => ({ x, y: scan.D[k], more: { alpha: scan.alpha[k] } }));
  return {
    title: "Scan for xmin", note: "The Kolmogorov-Smirnov distance of every drawn candidate. The fit takes the smallest of all.",
    x: { label: "candidate for xmin", log: true, least: tail.x[0] }, y: { label: "distance D", least: 0 },
    series: [
      { name: "distance", kind: "line", colour: "s0", points },
      { name: `chosen: D = ${show(row.distance, 3)}`, kind: "points", colour: "sfit", points: [{ x: row.xmin, y: row.distance, more: { alpha: row.alpha } }] },
    ],
    marks: [{ x: row.xmin, label: "xmin" }],
  };
}

function keptSpec(row, column) {
  const { tail } = row.curves;
  const marks = [{ x: row.xmin, label: "xmin" }];
  if (row.threshold !== undefined) marks.push({ x: row.threshold, label: `${report.options.threshold}: ${show(100 * row.kept_fraction, 3)} %`, row: 1 });
  const points = tail.x.map((x, k) => ({ x, y: (100 * (tail.n[k] + (row.above || 0))) / row.size, more: { count: tail.n[k] + (row.above || 0) } }));
  return {
    title: column ? "Fraction above a threshold" : "Kept fraction against threshold",
    note: column ? "The proportion of all numbers at or above the threshold." : "The proportion of elements that a split at this threshold keeps.",
    x: { label: "threshold", log: true }, y: { label: column ? "at or above, %" : "kept, %", log: true },
    series: [{ name: "", kind: "line", colour: "s2", points }], marks, falls: true,
  };
}

function predictedSpec(row, column) {
  const p = row.curves.predicted;
  const at = (k, y) => ({ x: p.counted[k], y, more: { threshold: p.x[k], "95 % from": p.low[k], "95 % to": p.high[k] } });
  return {
    title: `Predicted against counted ${column ? "numbers" : "non-zeros"}`, note: "For thresholds from xmin on: the number that the fit expects, with the 95 % interval of a binomial count.",
    x: { label: "counted", log: true }, y: { label: "predicted", log: true, least: 0.5 },
    series: [
      { name: "95 % interval", kind: "band", colour: "sfit", aside: true, points: p.x.map((_, k) => ({ x: p.counted[k], low: p.low[k], high: p.high[k] })) },
      { name: "fit", kind: "points", colour: "sfit", points: p.x.map((_, k) => at(k, p.expected[k])) },
    ],
    marks: [{ diagonal: [1, row.n_tail * 1.05] }],
  };
}

function spectrumSpec(row) {
  const { spectrum } = row.curves;
  const n = row.esd_num_evals;
  const top = spectrum.x[spectrum.x.length - 1];
  const law = [row.esd_xmin, top].map((x) => ({ x, y: (row.esd_num_pl_spikes / n) * (x / row.esd_xmin) ** (1 - row.esd_alpha) }));
  return {
    title: "Spectrum", note: "The proportion of eigenvalues of W Wᵀ at or above λ, and their power law.",
    x: { label: "λ", log: true, least: top / 1e6 }, y: { label: "P(Λ ≥ λ)", log: true },
    series: [
      { name: "eigenvalues", kind: "line", colour: "sdata", points: spectrum.x.map((x, k) => ({ x, y: spectrum.n[k] / n })) },
      { name: `power law, alpha = ${show(row.esd_alpha)}`, kind: "line", style: "dash", colour: "sfit", points: law },
    ],
    marks: [{ x: row.esd_xmin, label: "xmin" }], falls: true,
  };
}

function facts(row) {
  const pair = (interval) => (interval ? `95 %: ${show(interval[0])} to ${show(interval[1])}` : "");
  const list = [
    ["alpha (density)", show(row.alpha), pair(row.alpha_interval)],
    ["tail exponent", show(row.tail_exponent), pair(row.tail_interval)],
    ["xmin", show(row.xmin), ""],
    ["values in the tail", show(row.n_tail), `of ${show(row.n)} fitted`],
    ["KS distance D", show(row.distance, 3), ""],
    ["goodness of fit", row.gof ? `p = ${show(row.gof.pvalue, 3)}` : "not tested", row.gof ? `${show(row.gof.interval[0], 2)} to ${show(row.gof.interval[1], 2)}, ${row.gof.n_resamples} resamples` : "--gof tests it"],
  ];
  if (row.stable_rank !== undefined) list.push(["stable rank", show(row.stable_rank), `at most ${Math.min(...row.shape)}`]);
  if (row.kept_fraction !== undefined) list.push(["kept at " + report.options.threshold, `${show(100 * row.kept_fraction, 3)} %`, `${show(row.kept)} above ${show(row.threshold)}`]);
  if (row.stored_bytes !== undefined) list.push(["after compress", `${show(100 * row.stored_fraction, 3)} %`, `${show(row.stored_bytes)} of ${show(row.bytes)} bytes`]);
  if (row.esd_alpha !== undefined) list.push(["alpha of the spectrum", show(row.esd_alpha), `± ${show(row.esd_sigma, 2)}, ${row.esd_num_pl_spikes} of ${row.esd_num_evals} eigenvalues`]);
  if (row.stable) list.push(["stable law", `alpha = ${show(row.stable.alpha)}`, `KS p = ${show(row.stable.ks_pvalue, 3)}`]);
  return make("dl", { class: "facts" }, ...list.map(([key, value, more]) =>
    make("div", {}, make("dt", {}, key), make("dd", {}, value, more ? make("small", {}, more) : null))));
}

function comparisonTable(row) {
  const head = make("tr", {}, ...["against", "R", "p", "better"].map((word, k) => make("th", { scope: "col", class: k ? "" : "t" }, word)), make("th", { scope: "col", class: "t" }, "note"));
  const body = Object.entries(row.compare).map(([name, r]) => make("tr", {},
    make("td", { class: "t" }, name.replaceAll("_", " ")), make("td", {}, show(r.R)), make("td", {}, show(r.pvalue, 2)),
    make("td", {}, r.better.replaceAll("_", " ")), make("td", { class: "words muted" }, r.note)));
  const table = make("table", {}, make("caption", { class: "hidden" }, "The power law against other laws"), make("thead", {}, head), make("tbody", {}, ...body));
  return [make("h4", {}, "The power law against other laws"), make("p", { class: "note" }, "R above 0 is for the power law; p is the probability of so large an R by chance."), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Comparison with other laws" }, table)];
}

function statementTable(statements, title) {
  const body = statements.map((s) => make("tr", {},
    make("td", { class: "t" }, make("span", { class: `kind ${s.kind}` }, s.kind)), make("td", { class: "words" }, s.name),
    make("td", {}, s.value === 0 && s.log !== undefined ? `10^${show(s.log / Math.LN10)}` : show(s.value)),
    make("td", { class: "t" }, s.equation), make("td", { class: "words muted" }, s.note)));
  const head = make("tr", {}, ...["kind", "statement", "value", "source", "note"].map((word, k) => make("th", { scope: "col", class: k === 2 ? "" : "t" }, word)));
  const table = make("table", {}, make("caption", { class: "hidden" }, title), make("thead", {}, head), make("tbody", {}, ...body));
  return [make("h4", {}, title), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, table)];
}

function panel(n, k) {
  const network = report.networks[n];
  const row = network.rows[k];
  const column = network.kind === "column";
  const shape = row.source_shape.map((size) => size.toLocaleString("en")).join(" × ");
  const title = make("h3", {}, many ? make("span", { class: n ? "chip b" : "chip" }, "AB"[n]) : null, many ? " " : null, make("bdi", {}, row.name), " ", make("span", { class: "muted range" }, `${shape}, ${row.dtype}`));
  const file = fileName(`${base}-${row.name}`);
  const buttons = make("div", { class: "tools" });
  const add = (label, make_, suffix, type) => {
    const button = make("button", { type: "button", class: "small", "aria-label": `${label} of ${row.name}` }, label);
    button.addEventListener("click", () => save(`${file}.${suffix}`, make_(), type));
    buttons.append(button);
  };
  add("Curves as CSV", () => curvesCsv(row), "csv", "text/csv");
  add("All as JSON", () => JSON.stringify(row, null, 1), "json", "application/json");
  const parts = [make("header", {}, title, buttons)];
  if (row.error) return make("section", { class: "panel" }, ...parts, make("p", { class: "note" }, `Not fitted: ${row.error}`));
  parts.push(facts(row));
  if (row.curves && row.curves.tail) {
    const specs = [tailSpec(row)];
    if (row.curves.scan) specs.push(scanSpec(row));
    specs.push(keptSpec(row, column), predictedSpec(row, column));
    if (row.curves.spectrum) specs.push(spectrumSpec(row));
    parts.push(make("div", { class: "charts" }, ...specs.map((spec) => figure({ ...spec, file: `${file}-${fileName(spec.title)}` }, "h4"))));
  }
  if (row.compare) parts.push(...comparisonTable(row));
  if (row.statements && row.statements.length) parts.push(...statementTable(row.statements, "Statements about this tail"));
  for (const note of [...(row.notes || []), row.esd_error && `spectrum: ${row.esd_error}`, row.stable_error && `stable law: ${row.stable_error}`, row.stable && row.stable.note]) {
    if (note) parts.push(make("p", { class: "note" }, note));
  }
  return make("section", { class: "panel", "aria-label": row.name }, ...parts);
}

// The panels of a matrix: its own, and beside it that of the other network's matrix of that name.
function panels(id) {
  const [n, k] = id.split("-").slice(1).map(Number);
  if (!many) return panel(n, k);
  const name = rowAt(id).name;
  const found = report.networks.map((network, m) => [m, m === n ? k : network.rows.findIndex((row) => row.name === name)]);
  return make("div", { class: "sides" }, ...found.filter(([, at]) => at >= 0).map(([m, at]) => panel(m, at)));
}

// ---------------------------------------------------------------- the table

const table = document.getElementById("matrices");
const body = table && table.tBodies[0];
const rows = body ? [...body.rows] : [];
const heads = table ? [...table.tHead.rows[0].cells] : [];

function detailOf(row) {
  const next = row.nextElementSibling;
  return next && next.classList.contains("detail") ? next : null;
}

function toggle(row, wanted) {
  const button = row.querySelector(".name");
  const detail = detailOf(row);
  const open = wanted === undefined ? !detail : wanted;
  if (open && !detail) {
    const cell = make("td", { colspan: String(heads.length) }, panels(row.id));
    row.after(make("tr", { class: "detail", id: `${row.id}-detail` }, cell));
  } else if (!open && detail) detail.remove();
  row.classList.toggle("open", open);
  button.setAttribute("aria-expanded", String(open));
  if (open) button.setAttribute("aria-controls", `${row.id}-detail`);
  else button.removeAttribute("aria-controls");
}

// Open a matrix and move there; used by the charts.
function reveal(id) {
  const row = document.getElementById(id);
  if (!row) return;
  row.hidden = false;
  toggle(row, true);
  row.scrollIntoView({ block: "start" });
  row.querySelector(".name").focus({ preventScroll: true });
}

function valueOf(row, key) {
  const data = rowAt(row.id);
  if (key === "network") return Number(row.id.split("-")[1]);
  if (key === "name") return data.name;
  if (key === "gof") return data.gof ? data.gof.pvalue : undefined;
  return data[key];
}

function sortBy(key, direction) {
  const order = new Intl.Collator("en", { numeric: true });
  const compare = (a, b) => {
    const [x, y] = [valueOf(a, key), valueOf(b, key)];
    if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
    return direction * (typeof x === "string" ? order.compare(x, y) : x - y);
  };
  for (const row of [...rows].sort(compare)) {
    const detail = detailOf(row);
    body.append(row, ...(detail ? [detail] : []));
  }
  for (const head of heads) {
    if (head.dataset.key) head.setAttribute("aria-sort", head.dataset.key === key ? (direction > 0 ? "ascending" : "descending") : "none");
  }
}

function filter() {
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kind = document.getElementById("show").value;
  let shown = 0;
  for (const row of rows) {
    const data = rowAt(row.id);
    const text = `${data.name} ${data.role}`.toLowerCase();
    const fits = {
      all: true, heavy: data.tail_exponent < 2, plausible: data.gof && data.gof.pvalue >= 0.1,
      failed: data.error !== undefined, A: row.id.startsWith("m-0-"), B: row.id.startsWith("m-1-"),
    }[kind];
    row.hidden = !(fits && words.every((word) => text.includes(word)));
    const detail = detailOf(row);
    if (detail) detail.hidden = row.hidden;
    shown += !row.hidden;
  }
  document.getElementById("shown").textContent = `${shown} of ${rows.length}`;
}

function wireTable() {
  const labels = heads.map((head) => head.textContent.trim());
  table.setAttribute("role", "table");
  for (const part of [table.tHead, body]) part.setAttribute("role", "rowgroup");
  for (const row of rows) {
    row.setAttribute("role", "row");
    const name = row.querySelector(".name");
    name.type = "button";
    name.setAttribute("aria-expanded", "false");
    [...row.cells].forEach((cell, k) => {
      cell.setAttribute("role", "cell");
      if (k && cell.colSpan === 1 && !cell.classList.contains("t")) cell.dataset.label = labels[k];
    });
    row.addEventListener("click", (event) => {
      if (event.target.closest("button:not(.name), a, input") || String(getSelection())) return;
      toggle(row);
    });
  }
  const menu = document.getElementById("sort");
  for (const head of heads) {
    head.setAttribute("role", "columnheader");
    if (!head.dataset.key) continue;
    menu.append(make("option", { value: head.dataset.key }, head.textContent.trim()));
    head.firstElementChild.addEventListener("click", () => sortBy(head.dataset.key, head.getAttribute("aria-sort") === "ascending" ? -1 : 1));
  }
  menu.addEventListener("change", () => sortBy(menu.value, 1));
  document.getElementById("filter").addEventListener("input", filter);
  document.getElementById("show").addEventListener("change", filter);
  filter();
}

overview();
if (table) wireTable();
for (const place of document.querySelectorAll("[data-panel]")) place.append(panels(place.dataset.panel));
if (/^#m-\d+-\d+$/.test(location.hash)) reveal(location.hash.slice(1));
document.documentElement.dataset.ready = "1";
