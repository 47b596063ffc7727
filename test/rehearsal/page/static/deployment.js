// The move, what it changes, and how far it is.

import { clone, list, slot, write, writeOrHide } from "./dom.js";
import { showLines } from "./log.js";

const panel = document.getElementById("deployment");
const move = document.getElementById("move");
const refusal = document.getElementById("refusal");
const failure = document.getElementById("failure");
const changes = document.getElementById("changes");
const log = document.getElementById("log");

export function showDeployment({ deployment }) {
  panel.dataset.running = deployment.running;
  write(move, summary(deployment));
  writeOrHide(failure, deployment.error);
  list(changes, deployment.changes, ({ stack, resource }) => `${stack} ${resource}`, () => clone("change"), fillChange);
  changes.hidden = deployment.changes.length === 0;
  showLines(log, deployment.log);
}

// showRefusal says why a move was not accepted. Empty takes that back.
export function showRefusal(reason) {
  writeOrHide(refusal, reason);
}

function summary({ running, move, error }) {
  if (!move) return "None yet. Choose a phase and press Move.";
  if (running) return `${move}, running`;
  return `${move}, ${error ? "failed" : "complete"}`;
}

function fillChange(li, change) {
  for (const name of ["action", "stack", "resource", "detail"]) write(slot(li, name), change[name]);
  li.dataset.action = change.action;
}
