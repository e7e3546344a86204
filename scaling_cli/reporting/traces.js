// A search as a tree: every call below the one it continues, its tokens, its scores, what was kept.

const [NAME, PARENT, VERIFIER, MODEL, PROMPT, CACHED, NEW, SCORES, CANDIDATE, KEPT] = Array.from({ length: 10 }, (_, i) => i);

function treeBlock(tree, answer, data) {
  const below = new Map();
  tree.calls.forEach((call, i) => {
    const above = call[PARENT];
    if (!below.has(above)) below.set(above, []);
    below.get(above).push(i);
  });
  const policy = tree.calls.filter((call) => !call[VERIFIER]);
  const kept = policy.filter((call) => call[KEPT]).length;
  const words = [
    `search tree: ${policy.length} calls of the policy`,
    tree.told ? `${kept} on finished traces (→), ${policy.length - kept} pruned (✗)` : "",
    tree.verifier.calls ? `verifier: ${tree.verifier.calls} calls, ${count(tree.verifier.prompt)} prompt and ${count(tree.verifier.new)} new tokens` : "",
  ].filter(Boolean).join("; ");
  const notes = tree.told ? [] : [element("p", { class: "how" },
    "Which calls the finished traces are made of is not on record for all of them, so that pruned branches cannot be told.")];
  const widest = Math.max(1, ...policy.map((call) => call[NEW] || 0));
  const block = element("details", { class: "tree" }, element("summary", {}, words), ...notes,
    element("ul", {}, ...(below.get(-1) || []).map((i) => branch(i, tree, below, answer, data, widest))));
  block.open = tree.calls.length <= 200;
  return block;
}

const count = (value) => (value === null ? "an unknown number of" : value.toLocaleString("en"));

function branch(i, tree, below, answer, data, widest) {
  const call = tree.calls[i];
  const inner = below.get(i) || [];
  const asked = inner.filter((j) => tree.calls[j][VERIFIER]);
  const children = inner.filter((j) => !tree.calls[j][VERIFIER]);
  const line = callLine(call, asked.map((j) => tree.calls[j]), answer, data, widest);
  const state = call[VERIFIER] ? "verifier" : call[KEPT] ? "kept" : tree.told ? "pruned" : "";
  if (!children.length) return element("li", { class: state }, line);
  const node = element("details", {}, element("summary", {}, line),
    element("ul", {}, ...children.map((j) => branch(j, tree, below, answer, data, widest))));
  node.open = true;
  return element("li", { class: state }, node);
}

function callLine(call, asked, answer, data, widest) {
  const bar = element("i");
  bar.style.width = `${Math.round((60 * (call[NEW] || 0)) / widest)}px`;
  const scores = [...call[SCORES], ...asked.flatMap((one) => one[SCORES])];
  const paid = asked.reduce((sum, one) => sum + (one[PROMPT] || 0) + (one[NEW] || 0), 0);
  const sample = call[CANDIDATE] === null ? null : answer.samples[call[CANDIDATE]];
  return element("span", { class: "call" },
    element("b", {}, call[NAME]), element("span", { class: "size" }, bar),
    `${count(call[NEW])} tokens`,
    call[VERIFIER] ? ` (verifier, ${count(call[PROMPT])} prompt)` : "",
    ...scores.map((score) => element("span", { class: "score", title: "the verifier's score" }, fraction(score))),
    asked.length ? element("small", {}, `scored for ${count(paid)} tokens`) : null,
    sample === null ? null : element("span", { class: `state s${sample[3]}` },
      `→ #${sample[0]} ${data.states[sample[3]]}${sample[1] >= 0 ? `: ${answer.strings[sample[1]]}` : ""}`));
}
