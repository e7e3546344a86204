// What figures are drawn with: elements, scales, ticks, labels apart, and the box that follows.

const SVG = "http://www.w3.org/2000/svg";

/** An element; `children` are elements or texts, and a text stays text whatever it holds. */
function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function mark(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A number as a person reads it: powers of ten above a million. */
function number(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) {
    const [head, power] = value.toExponential(digits - 1).split("e");
    return `${Number(head)}e${Number(power)}`;
  }
  return String(Number(value.toPrecision(digits)));
}

const fraction = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));
const percent = (value) => (value === null || value === undefined ? "–" : `${Math.round(100 * value)}%`);

function interval(lo, hi) {
  return lo === null || hi === null ? "" : ` [${fraction(lo)}, ${fraction(hi)}]`;
}

/** A function from values to places, with its inverse and its ticks. */
function logScale(low, high, from, to) {
  const [a, b] = [Math.log(low), Math.log(high) > Math.log(low) ? Math.log(high) : Math.log(low) + 1];
  const place = (value) => from + ((Math.log(value) - a) / (b - a)) * (to - from);
  place.invert = (at) => Math.exp(a + ((at - from) / (to - from)) * (b - a));
  return place;
}

function linearScale(low, high, from, to) {
  const span = high > low ? high - low : 1;
  const place = (value) => from + ((value - low) / span) * (to - from);
  place.invert = (at) => low + ((at - from) / (to - from)) * span;
  return place;
}

/** Powers of ten, with steps between them where there is room. */
function logTicks(low, high) {
  const ticks = [];
  const decades = Math.log10(high / low);
  const heads = decades < 1 ? [1, 2, 3, 4, 5, 6, 8] : decades < 2.5 ? [1, 2, 5] : [1];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const head of heads) {
      const tick = head * 10 ** power;
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

function linearTicks(low, high, count = 5) {
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((head) => head * unit).find((size) => size >= rough);
  const ticks = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6; at += step) {
    ticks.push(Number(at.toFixed(10)));
  }
  return ticks;
}

/** Ascending places moved as little as needed so that neighbours are `gap` apart. */
function spread(places, gap) {
  const clusters = [];
  const start = (c) => c.reduce((sum, at) => sum + at, 0) / c.length - (gap * (c.length - 1)) / 2;
  for (const place of places) {
    clusters.push([place]);
    while (clusters.length > 1) {
      const [before, last] = clusters.slice(-2);
      if (start(last) >= start(before) + gap * before.length) break;
      clusters.splice(-2, 2, [...before, ...last]);
    }
  }
  return clusters.flatMap((c) => c.map((_, i) => start(c) + gap * i));
}

const DASHES = {
  first: "1 3", majority: null, best: "7 3", weighted: "9 3 2 3", "best-majority": "4 2 1.5 2",
  coverage: "1 4",
};

const COLOURS = 12;

/** The shape of a model's or a search's points: it is told by shape as well as by colour. */
function shape(colour, x, y, size, hollow) {
  const s = size;
  const corners = [
    null,
    [[-1, -1], [1, -1], [1, 1], [-1, 1]],
    [[0, -1.2], [1.1, 0.9], [-1.1, 0.9]],
    [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
    [[0, 1.2], [1.1, -0.9], [-1.1, -0.9]],
    [[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2],
      [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]],
    [[-1.1, -1.3], [1.1, -1.3], [0.3, 0], [1.1, 1.3], [-1.1, 1.3], [-0.3, 0]],
  ][colour % 7];
  const kind = hollow ? "point hollow" : "point";
  if (corners === null) return mark("circle", { class: kind, cx: x, cy: y, r: s });
  const points = corners.map(([dx, dy]) => `${x + dx * s},${y + dy * s}`).join(" ");
  return mark("polygon", { class: kind, points });
}

const STROKES = ["M0,-6V6", "M-5,-5L5,5M-5,5L5,-5", "M-2,-6V6M2,-6V6"];

/** What tells a line from others of its colour and dashes: past the last colour hollow shapes
    along it, and strokes across it where a verifier's scores choose. */
function along({ colour, scorer }, points) {
  const gap = 36, kept = [];
  for (const [x, y] of points) {
    const [last] = kept.slice(-1);
    if (!last || Math.hypot(x - last[0], y - last[1]) >= gap) kept.push([x, y]);
  }
  const shapes = colour < COLOURS ? [] : kept.map(([x, y]) => shape(colour, x, y, 3.6, true));
  const strokes = !scorer ? [] : kept.map(([x, y]) => mark("path", { class: "stroke",
    d: STROKES[(scorer - 1) % STROKES.length], transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` }));
  return [...shapes, ...strokes];
}

const line = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");

/** A staircase: each value holds until the next place. */
function staircase(xs, ys, end) {
  const points = [];
  xs.forEach((x, i) => points.push([x, ys[i]], [i + 1 < xs.length ? xs[i + 1] : end, ys[i]]));
  return points;
}

/** The box that follows the pointer; `lines` are texts, the first one strong. */
const tip = element("div", { class: "tip", role: "status", hidden: "" });

function showTip(lines, x, y) {
  tip.replaceChildren(...lines.map((text, i) => element(i ? "div" : "strong", {}, text)));
  tip.hidden = false;
  const width = tip.offsetWidth;
  const left = x + 14 + width > window.innerWidth ? Math.max(x - width - 14, 4) : x + 14;
  tip.style.left = `${left + window.scrollX}px`;
  tip.style.top = `${y + 12 + window.scrollY}px`;
}

function hideTip() {
  tip.hidden = true;
}

/** Axes of a panel: grid, ticks and names. */
function axes(box, x, y, xTicks, yTicks, words) {
  const group = mark("g", { class: "axes" });
  for (const tick of yTicks) {
    group.append(
      mark("line", { class: "grid", x1: box.left, x2: box.right, y1: y(tick), y2: y(tick) }),
      mark("text", { x: box.left - 6, y: y(tick) + 4, "text-anchor": "end" }, words.y(tick)),
    );
  }
  for (const tick of xTicks) {
    group.append(
      mark("line", { class: "grid", x1: x(tick), x2: x(tick), y1: box.top, y2: box.bottom }),
    );
    if (words.x) {
      group.append(
        mark("text", { x: x(tick), y: box.bottom + 16, "text-anchor": "middle" }, words.x(tick)),
      );
    }
  }
  group.append(
    mark("line", { class: "edge", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
    mark("line", { class: "edge", x1: box.left, x2: box.left, y1: box.top, y2: box.bottom }),
  );
  return group;
}
