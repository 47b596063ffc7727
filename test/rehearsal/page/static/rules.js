// The listener's rules, in the order in which it evaluates them.

import { paint } from "./colours.js";
import { clone, create, list, slot, write, writeOrHide } from "./dom.js";
import { percent } from "./words.js";

const rows = document.querySelector("#rules tbody");

export function showRules({ rules }) {
  list(rows, rules, idOf, makeRow, fillRow);
}

function idOf({ stack, id }) {
  return `${stack}/${id}`;
}

function makeRow(rule) {
  const row = clone("rule");
  row.dataset.rule = idOf(rule);
  return row;
}

function fillRow(row, rule) {
  const fallback = rule.conditions.length === 0;
  row.title = idOf(rule);
  row.classList.toggle("preview", !rule.live && !fallback);
  write(slot(row, "priority"), fallback ? "default" : rule.priority);
  list(row.querySelector(".conditions"), fallback ? [{ kind: "", text: "no other rule" }] : rule.conditions.flatMap(inWords), keyOf, makeCondition, () => {});
  writeOrHide(slot(row, "rewrite"), rule.rewrite && `rewrites ${rule.rewrite}`);
  list(row.querySelector(".shares"), outcomes(rule), ({ text }) => text, makeOutcome, (li, { program }) => paint(li, program));
}

// inWords are a condition's values: each path by itself, others with their kind before them.
function inWords({ kind, name, values }) {
  if (kind === "path") return values.map((text) => ({ kind: "", text }));
  const before = { header: `${name}:`, source: "from" };
  return [{ kind: before[kind] ?? kind, text: values.join(" or ") }];
}

function keyOf({ kind, text }) {
  return `${kind} ${text}`;
}

function makeCondition({ kind, text }) {
  const li = create("li");
  if (kind) li.append(create("span", kind, "kind"), " ");
  li.append(text);
  return li;
}

// outcomes are what becomes of a request: a program's share of it, or an answer.
function outcomes({ shares, answer }) {
  if (answer) return [{ text: `answer ${answer}`, program: "" }];
  return shares.map(({ program, percent: share }) => ({ program, text: `${program} ${percent(share)}` }));
}

function makeOutcome({ text }) {
  return create("li", text, "swatch");
}
