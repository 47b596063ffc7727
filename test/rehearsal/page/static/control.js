// The control of the phase of one program, or of one of its routes.

import { showRefusal } from "./deployment.js";
import { clone, create, list, slot, write } from "./dom.js";

// makeControl makes the control of a phase. Beside that of its program, the one of a
// route says whose it is.
export function makeControl({ name, routes }) {
  const form = clone("control");
  const { phase } = form.elements;
  write(slot(form, "of"), ` of ${name}`);
  slot(form, "of").classList.toggle("unseen", routes !== undefined);
  write(slot(form, "whom"), ` ${name}`);
  phase.addEventListener("change", () => choose(form, phase.value));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    move(form, name, phase.value);
  });
  return form;
}

// fillControl follows the rehearsal, unless the person has the select in hand or
// has chosen a phase that it is not in yet.
export function fillControl(form, moved, running) {
  const { phase } = form.elements;
  form.hidden = moved.phases.length === 0; // a worker has no phase
  list(phase, wordsFor(moved), (word) => word, (word) => create("option", word), () => {});
  form.dataset.current = moved.phase;
  choose(form, form.dataset.chosen ?? moved.phase);
  if (!form.dataset.chosen && document.activeElement !== phase) phase.value = moved.phase;
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
