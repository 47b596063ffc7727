// The page follows the rehearsal's stream of states and draws each one.

import { showAnswers } from "./answers.js";
import { showDeployment } from "./deployment.js";
import { showDiagram } from "./diagram.js";
import { showRules } from "./rules.js";
import { showTimeline } from "./timeline.js";

const connection = document.getElementById("connection");

function follow() {
  const stream = new EventSource("events");
  stream.addEventListener("open", () => showConnection("connected"));
  stream.addEventListener("message", ({ data }) => show(read(data)));
  stream.addEventListener("error", () => {
    showConnection("connection lost");
    // The browser connects again by itself, but not after an answer that is no stream.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 1000);
  });
}

// read takes null for an empty list: it is how Go writes one that was never made,
// and nothing else in a state can be null.
function read(data) {
  return JSON.parse(data, (_, value) => value ?? []);
}

function show(state) {
  document.title = `${state.name}: rehearsal`;
  for (const name of document.querySelectorAll(".app")) name.textContent = state.name;
  showDiagram(state);
  showDeployment(state);
  showRules(state);
  showAnswers(state);
  showTimeline(state);
}

function showConnection(word) {
  connection.textContent = word;
  document.body.dataset.connection = word;
}

follow();
