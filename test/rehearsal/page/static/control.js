// The control of one program's phase.

import { showRefusal } from "./deployment.js";
import { create, list, slot, write } from "./dom.js";

export function makeControl(form, name) {
  const { phase } = form.elements;
  write(slot(form, "of"), ` of ${name}`);
  write(slot(form, "whom"), ` ${name}`);
  phase.addEventListener("change", () => choose(form, phase.value));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    move(form, name, phase.value);
  });
}

// fillControl follows the rehearsal, unless the person has the select in hand or
// has chosen a phase that the program is not in yet.
export function fillControl(form, service, running) {
  const { phase } = form.elements;
  form.hidden = service.phases.length === 0; // a worker has no phase
  list(phase, wordsFor(service), (word) => word, (word) => create("option", word), () => {});
  form.dataset.current = service.phase;
  choose(form, form.dataset.chosen ?? service.phase);
  if (!form.dataset.chosen && document.activeElement !== phase) phase.value = service.phase;
  form.querySelector("button").disabled = running;
}

// A program can be in a phase that is not offered, such as 33%.
function wordsFor({ phase, phases }) {
  return phases.includes(phase) ? phases : [phase, ...phases];
}

// choose remembers a phase that the program is not in: it is what the person wants.
function choose(form, phase) {
  if (phase === form.dataset.current) delete form.dataset.chosen;
  else form.dataset.chosen = phase;
}

async function move(form, name, phase) {
  form.querySelector("button").disabled = true;
  showRefusal("");
  try {
    const answer = await fetch("phase", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name, phase }),
    });
    if (!answer.ok) showRefusal((await answer.text()).trim());
  } catch {
    showRefusal("The rehearsal does not answer.");
  }
}
