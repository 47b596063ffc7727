// The panel of what one program has written, task by task. It asks for the lines only while
// it is open.

import { clone, list, slot, write, writeOrHide } from "./dom.js";
import { showLines } from "./log.js";

const interval = 1000;
const panel = document.getElementById("logs");
const title = document.getElementById("logs-title");
const problem = document.getElementById("logs-problem");
const tasks = document.getElementById("logs-tasks");

// opener is the button of the program that is shown.
let opener;
let timer;

panel.querySelector("button").addEventListener("click", close);
panel.addEventListener("keydown", ({ key }) => key === "Escape" && close());

// toggleLogs opens the panel for a program, or closes it when it shows that already.
export function toggleLogs(button, program) {
  const again = opener === button;
  if (opener) close();
  if (!again) open(button, program);
}

function open(button, program) {
  opener = button;
  opener.setAttribute("aria-expanded", "true");
  write(title, `Log of ${program}`);
  tasks.replaceChildren();
  panel.hidden = false;
  title.focus();
  follow(button, program);
}

function close() {
  clearTimeout(timer);
  panel.hidden = true;
  opener.setAttribute("aria-expanded", "false");
  opener.focus();
  opener = undefined;
}

async function follow(button, program) {
  const [logs, why] = await read(program);
  if (opener !== button) return; // closed meanwhile
  writeOrHide(problem, why);
  if (!why) list(tasks, logs, ({ task }) => task, () => clone("task-log"), fillLog);
  timer = setTimeout(() => follow(button, program), interval);
}

// read returns the logs of a program, and what to say when there are none.
async function read(program) {
  try {
    const answer = await fetch(`logs?program=${encodeURIComponent(program)}`);
    if (!answer.ok) return [[], (await answer.text()).trim()];
    const logs = (await answer.json()) ?? [];
    return [logs, logs.length > 0 ? "" : "No task has started yet."];
  } catch {
    return [[], "The rehearsal does not answer."];
  }
}

function fillLog(li, { task, address, ended, lines }) {
  write(slot(li, "task"), [`task ${task}`, address, ended && "ended"].filter(Boolean).join(", "));
  slot(li, "silent").hidden = lines?.length > 0;
  showLines(li.querySelector(".lines"), lines ?? []);
}
