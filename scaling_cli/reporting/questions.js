// The questions: find one, see its answers with their votes, and what was written where it is here.

const MOST_ROWS = 300;

const FILTERS = {
  all: ["all questions", () => true],
  split: ["answers differ in being right", (q) => q.rate > 0 && q.rate < 1],
  never: ["never answered right", (q) => q.rate === 0],
  always: ["always answered right", (q) => q.rate === 1],
  undecided: ["undecided with ever more samples", (q) => q.answers.some((a) => a.ends === "undecided")],
};

function explorer(holder, data) {
  for (const question of data.questions) {
    question.rate = rateOf(question.answers.flatMap((a) => a.samples));
    question.words = [question.id, question.gold, question.level, question.subject, question.text, question.task]
      .filter(Boolean).join("\n").toLowerCase();
  }
  const list = element("ol", { class: "list" });
  const detail = element("div", { class: "detail" });
  const count = element("p", { class: "how" });
  const search = element("input", { type: "search", placeholder: "search: text, gold answer, id, level", "aria-label": "search questions", input: () => refresh() });
  const filter = element("select", { "aria-label": "which questions", change: () => refresh() },
    ...Object.entries(FILTERS).map(([key, [text]]) => element("option", { value: key }, text)));
  const open = (question, sample) => {
    for (const row of list.children) row.classList.toggle("open", row.question === question);
    detail.replaceChildren(...questionDetail(question, data, sample));
  };
  function refresh() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = data.questions.filter((q) =>
      FILTERS[filter.value][1](q) && words.every((word) => q.words.includes(word)));
    list.replaceChildren(...found.slice(0, MOST_ROWS).map((q) => listRow(q, data, open)));
    const more = found.length - MOST_ROWS;
    count.textContent = `${found.length} of ${data.questions.length} questions` +
      (more > 0 ? `, the first ${MOST_ROWS} listed: search to narrow` : "");
  }
  holder.append(element("div", { class: "controls" }, search, filter), count,
    element("div", { class: "columns" }, list, detail));
  refresh();
  const wanted = () => openAddressed(data, open);
  window.addEventListener("hashchange", wanted);
  if (!wanted() && data.questions.length) open(data.questions[0]);
}

/** `#question/12` and `#question/12/0/3` (cell 0, sample 3) open what they name. */
function openAddressed(data, open) {
  const found = location.hash.match(/^#question\/(\d+)(?:\/(\d+)\/(\d+))?$/);
  if (!found || !data.questions[Number(found[1])]) return false;
  open(data.questions[Number(found[1])], found[2] && [Number(found[2]), Number(found[3])]);
  return true;
}

const rateOf = (samples) => (samples.length ? samples.filter((s) => s[3] === 0).length / samples.length : null);

function listRow(question, data, open) {
  const text = question.text || question.id;
  const bars = question.answers.map((answer) => {
    const rate = rateOf(answer.samples) || 0;
    const cell = data.cells[answer.cell];
    const bar = element("span", { class: "rate", title: `${cell.model} ${cell.kind}: ${percent(rate)} right` }, element("i"));
    bar.firstChild.style.height = `${100 * rate}%`;
    return bar;
  });
  const row = element("li", {}, element("button", { type: "button", click: () => open(question) },
    element("span", { class: "words" }, text.length > 120 ? `${text.slice(0, 119)}…` : text),
    element("span", { class: "rates" }, ...bars)));
  row.question = question;
  return row;
}

function questionDetail(question, data, sample) {
  const facts = [["gold answer", question.gold], ["level", question.level], ["subject", question.subject],
    ["task", question.task], ["id", question.id]].filter(([, value]) => value);
  return [
    question.text ? element("p", { class: "text" }, question.text)
      : element("p", { class: "note" }, "The question's text is not with this run."),
    element("dl", { class: "facts" }, ...facts.flatMap(([name, value]) =>
      [element("dt", {}, name), element("dd", {}, value)])),
    ...question.answers.map((answer) => answerBlock(answer, data, sample)),
  ];
}

function answerBlock(answer, data, sample) {
  const cell = data.cells[answer.cell];
  const end = answer.ends ? `; with ever more samples: ${answer.ends} (${fraction(answer.wins)} likely to be right)` : "";
  const open = sample && sample[0] === answer.cell ? sample[1] : null;
  if (answer.samples.length === 1 && !answer.tree) {
    return element("section", { class: "cell" }, element("h4", {}, `${cell.model} · ${cell.kind}`),
      sampleRow(answer.samples[0], answer, data, 0, open !== null));
  }
  return element("section", { class: "cell" },
    element("h4", {}, `${cell.model} · ${cell.kind}`,
      element("small", {}, ` ${answer.samples.length} answers, ${percent(rateOf(answer.samples))} right${end}`)),
    votes(answer),
    answer.tree ? treeBlock(answer.tree, answer, data) : null,
    samplesBlock(answer, data, open));
}

/** Answers by class: one bar each, the right one told apart. */
function votes(answer) {
  const classes = new Map();
  for (const [, place, group, state] of answer.samples) {
    const key = group >= 0 ? group : state === 4 ? "failed" : state === 3 ? "timed out" : "no answer";
    const one = classes.get(key) || { count: 0, strings: new Set() };
    one.count++;
    if (place >= 0) one.strings.add(answer.strings[place]);
    classes.set(key, one);
  }
  const rows = [...classes.entries()].sort((a, b) => b[1].count - a[1].count);
  const total = answer.samples.length;
  const shown = rows.slice(0, 12).map(([key, one]) => {
    const right = key === 0;
    const bar = element("i");
    bar.style.width = `${(100 * one.count) / total}%`;
    const words = typeof key === "string" ? key : [...one.strings].slice(0, 4).join("  =  ");
    return element("div", { class: right ? "vote right" : "vote" },
      element("span", { class: "string" }, right ? `✓ ${words}` : words),
      element("span", { class: "track" }, bar), element("span", { class: "count" }, String(one.count)));
  });
  const more = rows.length - shown.length;
  return element("div", { class: "votes" }, ...shown,
    more > 0 ? element("p", { class: "how" }, `${more} further answers`) : null);
}

function samplesBlock(answer, data, open) {
  const rows = answer.samples.map((sample, i) => sampleRow(sample, answer, data, i, open === sample[0]));
  const block = element("details", { class: "samples" }, element("summary", {}, "every answer"), ...rows);
  block.open = open !== null;
  return block;
}

function sampleRow(sample, answer, data, place, open) {
  const [index, string, , state, tokens, truncated, logprob, rewards] = sample;
  const error = answer.errors && answer.errors[index];
  const words = [
    `#${index}`, data.states[state], string >= 0 ? answer.strings[string] : "",
    tokens === null ? "" : `${tokens} tokens`, truncated ? "cut off" : "",
    logprob === null ? "" : `mean log-probability ${logprob}`,
    rewards ? `scores ${rewards.map(fraction).join(" → ")}` : "",
  ].filter(Boolean);
  const line = element("span", { class: `state s${state}` }, words.join(" · "));
  const text = (answer.texts && answer.texts[place]) ?? error;
  if (text === undefined || text === null) return element("div", { class: "sample" }, line);
  // Written only once it is opened: a page may hold thousands of texts.
  const body = element("pre");
  const row = element("details", { class: "sample", toggle: () => { if (row.open) body.textContent = text; } },
    element("summary", {}, line), body);
  if (open) {
    body.textContent = text;
    row.open = true;
  }
  return row;
}
