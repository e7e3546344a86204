// Accuracy against the number of samples: a panel a model, bands, and where voting ends.

function curvesFigure(figure, task) {
  const selectors = [...new Set(task.panels.flatMap((p) => p.series.map((s) => s.label)))];
  const kinds = selectors.map((label) => {
    const [one, ...others] = task.panels.flatMap((p) => p.series).filter((s) => s.label === label);
    const shared = others.every((s) => s.colour === one.colour);
    return [label, { colour: one.colour, selector: one.selector, scorer: one.scorer, single: false, shared }];
  });
  const hidden = new Set();
  const draw = () => {
    const off = new Set([...hidden].map((i) => selectors[i]));
    const holder = figure.querySelector(".drawing");
    const count = task.panels.length;
    const room = holder.clientWidth || 860;
    const across = Math.min(count, Math.max(1, Math.floor(room / 270)), count === 4 ? 2 : 3);
    const width = Math.floor(Math.min(room / across - 12, 460));
    const high = topOf(task.panels);
    holder.replaceChildren(
      element("div", { class: "panels" },
        ...task.panels.map((panel) => drawPanel(panel, off, width, high))),
      element("p", { class: "key" }, panelKey(task)),
    );
  };
  figure.querySelector(".controls").append(legend(kinds, hidden, draw));
  draw();
  return draw;
}

function panelKey(task) {
  const limits = task.panels.some((p) => p.limits.length);
  const greedy = task.panels.some((p) => p.greedy !== null);
  return "Bands: 95% over questions." + (greedy ? " Thin line: greedy." : "") +
    (limits ? " Bars at the right: where voting ends with ever more samples, with its 95% interval." : "");
}

function topOf(panels) {
  const values = panels.flatMap((p) => [
    p.greedy, ...p.series.flatMap((s) => [...s.hi, ...s.accuracy]), ...p.limits.map((l) => l.hi),
  ]).filter((v) => v !== null);
  return Math.min(1, Math.max(...values, 0.01) * 1.03);
}

function drawPanel(panel, off, width, high) {
  const height = 250;
  const box = { left: 40, right: width - 34, top: 26, bottom: height - 36 };
  const most = Math.max(2, ...panel.series.flatMap((s) => s.k));
  const x = logScale(1, most, box.left + 4, box.right - (panel.limits.length ? 26 : 4));
  const y = linearScale(0, high, box.bottom, box.top);
  const svg = mark("svg", { viewBox: `0 0 ${width} ${height}`, class: `chart panel m${panel.colour % COLOURS}`, role: "img",
    width, "aria-label": `${panel.model}: accuracy against samples` });
  svg.append(axes(box, x, y, powersOfTwo(most), linearTicks(0, high), { x: (k) => k.toLocaleString("en"), y: (v) => number(v) }));
  svg.append(mark("text", { class: "title", x: box.left, y: 14 }, panel.short));
  svg.append(mark("text", { class: "name", x: (box.left + box.right) / 2, y: height - 4, "text-anchor": "middle" }, "samples k"));
  const series = panel.series.filter((s) => !off.has(s.label));
  svg.append(...series.map((s) => own(s, bandOf(s, x, y))), ...series.map((s) => own(s, lineOf(s, x, y))));
  if (panel.greedy !== null) {
    svg.append(mark("line", { class: "greedy", x1: box.left, x2: box.right, y1: y(panel.greedy), y2: y(panel.greedy) }));
  }
  const ends = panel.limits.filter((l) => series.some((s) => s.selector === l.selector));
  svg.append(...ends.map((limit, i) => endOf(limit, box.right - 14 + 9 * i, y)));
  followPanel(svg, panel, series, ends, { x, y, box, width });
  return svg;
}

/** In the series' own colour, which is not the panel's where it is a search. */
const own = (series, drawn) => mark("g", { class: `m${series.colour % COLOURS}` }, drawn);

function powersOfTwo(most) {
  const all = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
  const every = Math.ceil(all.length / 6);
  return all.filter((_, i) => i % every === 0);
}

function bandOf(series, x, y) {
  const known = series.k.map((_, i) => i).filter((i) => series.lo[i] !== null && series.hi[i] !== null);
  const above = known.map((i) => [x(series.k[i]), y(series.hi[i])]);
  const below = known.map((i) => [x(series.k[i]), y(series.lo[i])]).reverse();
  return mark("path", { class: "spread", d: known.length > 1 ? `${line([...above, ...below])}Z` : "" });
}

function lineOf(series, x, y) {
  const points = series.k.map((k, i) => [x(k), y(series.accuracy[i])]);
  if (points.length === 1) return shape(series.colour, ...points[0], 3.5, false);
  return mark("g", {},
    mark("path", { class: "curve", d: line(points), "stroke-dasharray": DASHES[series.selector] }),
    ...along(series, points));
}

function endOf(limit, at, y) {
  return mark("g", { class: "end" },
    mark("line", { class: "curve thin", x1: at, x2: at, y1: y(limit.lo), y2: y(limit.hi) }),
    mark("line", { class: "curve", x1: at - 4, x2: at + 4, y1: y(limit.limit), y2: y(limit.limit),
      "stroke-dasharray": DASHES[limit.selector] }));
}

function followPanel(svg, panel, series, ends, { x, y, box, width }) {
  svg.addEventListener("pointermove", (event) => {
    const frame = svg.getBoundingClientRect();
    const scale = width / frame.width;
    const [px, py] = [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
    if (px < box.left || px > width) return hideTip();
    const k = px > box.right - 22 && ends.length ? null : nearestK(series, x.invert(px));
    showTip(k === null ? endWords(panel, ends) : panelWords(panel, series, k), event.clientX, event.clientY);
  });
  svg.addEventListener("pointerleave", hideTip);
}

function nearestK(series, wanted) {
  const ks = series.flatMap((s) => s.k);
  return ks.reduce((best, k) =>
    Math.abs(Math.log(k / wanted)) < Math.abs(Math.log(best / wanted)) ? k : best, ks[0] || 1);
}

function panelWords(panel, series, k) {
  const lines = series.filter((s) => s.k.includes(k)).map((s) => {
    const i = s.k.indexOf(k);
    return `${s.label} ${fraction(s.accuracy[i])}${interval(s.lo[i], s.hi[i])}`;
  });
  return [`${panel.short}, k = ${k}`, ...lines, ...(panel.greedy === null ? [] : [`greedy ${fraction(panel.greedy)}`])];
}

function endWords(panel, ends) {
  return [`${panel.short}, k → ∞`, ...ends.map((l) => `${l.selector} ends at ${fraction(l.limit)}${interval(l.lo, l.hi)}`)];
}
