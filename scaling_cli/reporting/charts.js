// Accuracy (or error) against compute, the frontier marked, its odds on the same axis underneath.

const LEAST_ERROR = 1e-3;
const LABEL_GAP = 14;

function frontierFigure(figure, task) {
  const state = { axis: task.axes[0].axis, error: false, hidden: new Set(), at: null };
  if (task.axis) state.axis = task.axis;
  const controls = figure.querySelector(".controls");
  const draw = () => drawFrontier(figure.querySelector(".drawing"), task, state);
  controls.append(
    choice("cost in", task.axes.map((a) => [a.axis, a.axis]), state.axis, (value) => {
      state.axis = value;
      draw();
    }),
    choice("show", [["accuracy", "accuracy"], ["error", "error, both axes logarithmic"]], "accuracy",
      (value) => {
        state.error = value === "error";
        draw();
      }),
    legend(task.names.map((name) => [name.short, name]), state.hidden, draw),
  );
  draw();
  return draw;
}

/** A menu with its name. */
function choice(label, options, value, changed) {
  const menu = element("select", { change: () => changed(menu.value) },
    ...options.map(([key, text]) => element("option", { value: key }, text)));
  menu.value = value;
  return element("label", {}, `${label} `, menu);
}

/** A button for each series that hides and shows it. */
function legend(entries, hidden, changed) {
  const buttons = entries.map(([text, name], i) => {
    const button = element("button", {
      type: "button", "aria-pressed": "true",
      // A name that stands for several colours has none of its own.
      class: name.shared === false ? "chip plain" : `chip m${name.colour % COLOURS}`,
      click: () => {
        hidden.has(i) ? hidden.delete(i) : hidden.add(i);
        button.setAttribute("aria-pressed", String(!hidden.has(i)));
        changed();
      },
    }, sample(name), text);
    return button;
  });
  return element("div", { class: "legend" }, ...buttons);
}

/** How a series is drawn, small. */
function sample(name) {
  const drawn = name.single
    ? [shape(name.colour, 11, 6, 4, name.greedy)]
    : [mark("path", { class: "curve", d: "M0,6L22,6", "stroke-dasharray": DASHES[name.selector] }),
      ...along(name, [[11, 6]])];
  return mark("svg", { width: 22, height: 12, "aria-hidden": "true" }, ...drawn);
}

function drawFrontier(holder, task, state) {
  const data = task.axes.find((one) => one.axis === state.axis);
  const width = Math.max(holder.clientWidth || 860, 320);
  const wide = width > 620;
  const longest = Math.max(...task.names.map((name) => name.short.length));
  const words = Math.min(6.2 * longest + 16, 0.4 * width);
  // As many names as stand beside the curves need room.
  const tall = Math.max(340, LABEL_GAP * data.curves.length + 20);
  const plot = { left: 46, right: width - (wide ? words : 12), top: 10, bottom: wide ? tall : 260 };
  const rows = data.strips.length;
  const strip = { left: plot.left, right: plot.right, top: plot.bottom + 14 };
  // Beside the bars there is no room for their names on a narrow screen: they stand above.
  strip.row = wide ? 20 : 32;
  strip.bottom = strip.top + strip.row * rows;
  const foot = rows ? strip.bottom : plot.bottom;
  const svg = mark("svg", {
    viewBox: `0 0 ${width} ${foot + 40}`, class: "chart", role: "img", tabindex: "0",
    "aria-label": `${task.task}: ${state.error ? "error" : "accuracy"} against ${data.label}`,
  });
  const shown = data.curves.filter((c) => c.cost.length && !state.hidden.has(c.name));
  const turn = state.error ? (v) => Math.max(1 - v, LEAST_ERROR) : (v) => v;
  const costs = data.curves.flatMap((c) => c.cost);
  const x = logScale(Math.min(...costs), data.reach, plot.left + 8, plot.right - 4);
  const y = verticalScale(data, turn, state.error, plot);
  const low = x.invert(plot.left), high = x.invert(plot.right);
  const xTicks = logTicks(low, high);
  const yTicks = state.error ? logTicks(y.low, 1) : linearTicks(0, y.high);
  svg.append(axes(plot, x, y, xTicks, yTicks,
    { x: rows ? null : (v) => number(v), y: (v) => number(v) }));
  svg.append(stairs(data, x, y, turn));
  svg.append(...shown.map((curve) => frontierCurve(curve, task.names[curve.name], x, y, turn)));
  if (wide) svg.append(endLabels(shown, task.names, x, y, turn, plot));
  if (rows) svg.append(oddsStrip(data, task.names, x, strip, xTicks, wide));
  svg.append(
    mark("text", { class: "name", x: (plot.left + plot.right) / 2, y: foot + 34, "text-anchor": "middle" },
      data.label),
    mark("text", { class: "name", x: 12, y: (plot.top + plot.bottom) / 2, "text-anchor": "middle",
      transform: `rotate(-90 12 ${(plot.top + plot.bottom) / 2})` }, state.error ? "error" : "accuracy"),
  );
  follow(svg, task, data, shown, { x, y, turn, plot, foot, width });
  holder.replaceChildren(svg, element("p", { class: "key" }, figureKey(data)));
}

function figureKey(data) {
  const fresh = data.stairs.fresh.some((v) => v !== null);
  return "Grey: the frontier and its 95% band over questions" +
    (fresh ? "; dotted: the same choice scored on questions it was not made on" : "") +
    ". Filled point: one sample; hollow point: greedy." +
    (data.strips.length ? " Underneath: how often a configuration is the best inside the budget when the questions are drawn again." : "");
}

function verticalScale(data, turn, error, plot) {
  const tops = data.stairs.hi.concat(data.stairs.accuracy).filter((v) => v !== null);
  const values = data.curves.flatMap((c) => c.accuracy);
  if (!error) {
    const high = Math.min(1, Math.max(...tops, ...values, 0.01) * 1.05);
    return Object.assign(linearScale(0, high, plot.bottom, plot.top), { high });
  }
  const low = Math.max(Math.min(...tops.map(turn), ...values.map(turn)) * 0.9, LEAST_ERROR);
  return Object.assign(logScale(low, 1.02, plot.bottom, plot.top), { low });
}

function stairs(data, x, y, turn) {
  const { budget, accuracy, lo, hi, fresh } = data.stairs;
  const group = mark("g", { class: "stairs" });
  if (!budget.length) return group;
  const xs = budget.map(x), end = x(data.reach);
  if (lo.every((v) => v !== null) && hi.every((v) => v !== null)) {
    const above = staircase(xs, hi.map((v) => y(turn(v))), end);
    const below = staircase(xs, lo.map((v) => y(turn(v))), end).reverse();
    group.append(mark("path", { class: "band", d: `${line([...above, ...below])}Z` }));
  }
  group.append(mark("path", { class: "frontier", d: line(staircase(xs, accuracy.map((v) => y(turn(v))), end)) }));
  const told = fresh.findIndex((v) => v !== null);
  if (told >= 0 && fresh.slice(told).every((v) => v !== null)) {
    const ys = fresh.slice(told).map((v) => y(turn(v)));
    group.append(mark("path", { class: "fresh", d: line(staircase(xs.slice(told), ys, end)) }));
  }
  return group;
}

function frontierCurve(curve, name, x, y, turn) {
  const points = curve.cost.map((cost, i) => [x(cost), y(turn(curve.accuracy[i]))]);
  const group = mark("g", { class: `m${name.colour % COLOURS}` });
  if (name.single) {
    group.append(...points.map(([px, py]) => shape(name.colour, px, py, 4.5, name.greedy)));
  } else {
    group.append(mark("path", { class: "curve", d: line(points), "stroke-dasharray": DASHES[name.selector] }));
    group.append(...points.map(([px, py]) => shape(name.colour, px, py, 2, false)));
    group.append(...along(name, points));
  }
  return group;
}

/** Names of the curves at their right ends, moved apart. */
function endLabels(curves, names, x, y, turn, plot) {
  const ends = curves.map((c) => ({
    name: names[c.name], x: x(c.cost.at(-1)), y: y(turn(c.accuracy.at(-1))),
  })).filter((end) => !end.name.single).sort((a, b) => a.y - b.y);
  const places = between(spread(ends.map((end) => end.y), LABEL_GAP), plot);
  return mark("g", { class: "ends" }, ...ends.flatMap((end, i) => [
    mark("path", { class: `lead m${end.name.colour % COLOURS}`,
      d: line([[end.x + 3, end.y], [plot.right + 4, places[i]]]) }),
    mark("text", { class: `m${end.name.colour % COLOURS} told`, x: plot.right + 8, y: places[i] + 4 }, end.name.short),
  ]));
}

/** Ascending places moved inside the plot, as far apart as before. */
function between(places, plot) {
  const down = places.map((at, i) => Math.max(at, plot.top + LABEL_GAP * i));
  return down.map((at, i) => Math.min(at, plot.bottom - LABEL_GAP * (down.length - 1 - i)));
}

function oddsStrip(data, names, x, strip, xTicks, wide) {
  const group = mark("g", { class: "odds" });
  const xs = data.stairs.budget.map(x), end = x(data.reach);
  data.strips.forEach((row, i) => {
    const base = strip.top + strip.row * (i + 1) - 2;
    const ys = row.odds.map((v) => base - 16 * (v || 0));
    const name = row.name === null ? null : names[row.name];
    const kind = name === null ? "others" : `m${name.colour % COLOURS}`;
    const points = [[xs[0], base], ...staircase(xs, ys, end), [end, base]];
    group.append(
      mark("line", { class: "grid", x1: strip.left, x2: strip.right, y1: base, y2: base }),
      mark("path", { class: `bar ${kind}`, d: `${line(points)}Z` }),
      mark("text", { class: `told ${kind}`, x: wide ? strip.right + 8 : strip.left + 4, y: wide ? base - 3 : base - 19 },
        name === null ? "others" : name.short),
    );
  });
  group.append(mark("text", { class: "name", x: 12, y: (strip.top + strip.bottom) / 2, "text-anchor": "middle",
    transform: `rotate(-90 12 ${(strip.top + strip.bottom) / 2})` }, "odds"));
  group.append(...xTicks.map((tick) =>
    mark("text", { x: x(tick), y: strip.bottom + 14, "text-anchor": "middle" }, number(tick))));
  return group;
}

/** What is best inside the budget under the pointer, or the point it is on. */
function follow(svg, task, data, shown, { x, y, turn, plot, foot, width }) {
  const rule = mark("line", { class: "rule", y1: plot.top, y2: foot, visibility: "hidden" });
  svg.append(rule);
  let step = -1;
  const tell = (budget, lines, px, py) => {
    rule.setAttribute("x1", x(budget));
    rule.setAttribute("x2", x(budget));
    rule.setAttribute("visibility", "visible");
    showTip(lines, px, py);
  };
  const hide = () => {
    rule.setAttribute("visibility", "hidden");
    hideTip();
  };
  svg.addEventListener("pointermove", (event) => {
    const frame = svg.getBoundingClientRect();
    const scale = width / frame.width;
    const [px, py] = [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
    if (px < plot.left || px > plot.right) return hide();
    const near = nearest(shown, px, py, x, y, turn);
    if (near) return tell(near.curve.cost[near.i], pointWords(near, task, data), event.clientX, event.clientY);
    const place = lastInside(data.stairs.budget, x.invert(px));
    if (place < 0) return hide();
    tell(Math.min(x.invert(px), data.reach), budgetWords(place, x.invert(px), task, data), event.clientX, event.clientY);
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move || !data.stairs.budget.length) return;
    event.preventDefault();
    step = Math.min(Math.max(step + move, 0), data.stairs.budget.length - 1);
    const budget = data.stairs.budget[step];
    const frame = svg.getBoundingClientRect();
    tell(budget, budgetWords(step, budget, task, data), frame.left + x(budget) * frame.width / width, frame.top + 20);
  });
}

function nearest(curves, px, py, x, y, turn) {
  let best = null, least = 9;
  for (const curve of curves) {
    curve.cost.forEach((cost, i) => {
      const away = Math.hypot(x(cost) - px, y(turn(curve.accuracy[i])) - py);
      if (away < least) [best, least] = [{ curve, i }, away];
    });
  }
  return best;
}

/** The last place whose value is not above `value`; -1 below all. */
function lastInside(values, value) {
  let place = -1;
  while (place + 1 < values.length && values[place + 1] <= value * (1 + 1e-9)) place++;
  return place;
}

function pointWords({ curve, i }, task, data) {
  return [
    task.names[curve.name].label,
    `k = ${curve.k[i]}, at most ${curve.cap[i]} tokens each`,
    `accuracy ${fraction(curve.accuracy[i])}${interval(curve.lo[i], curve.hi[i])}`,
    `cost ${number(curve.cost[i])} ${data.unit} a question`,
  ];
}

function budgetWords(place, budget, task, data) {
  const s = data.stairs;
  const name = task.names[s.name[place]];
  return [
    `Best inside ${number(budget)} ${data.unit}`,
    `${name.label}, k = ${s.k[place]}, at most ${s.cap[place]} tokens each`,
    `accuracy ${fraction(s.accuracy[place])}${interval(s.lo[place], s.hi[place])}`,
    ...(s.fresh[place] === null ? [] : [`cross-fitted ${fraction(s.fresh[place])}`]),
    ...(s.odds[place] === null ? [] : [`best in ${percent(s.odds[place])} of draws`]),
  ];
}
