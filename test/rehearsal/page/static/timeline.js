// What happened, the newest first.

import { paint } from "./colours.js";
import { clone, list, slot, write } from "./dom.js";

const events = document.querySelector("#timeline ol");

export function showTimeline({ timeline }) {
  list(events, timeline, ({ number }) => number, makeEvent, () => {});
}

function makeEvent({ time, kind, program, text, failed }) {
  const li = clone("event");
  li.dataset.kind = kind;
  slot(li, "time").dateTime = time;
  write(slot(li, "time"), new Date(time).toLocaleTimeString("en-GB"));
  write(slot(li, "program"), program || kind);
  paint(slot(li, "program"), program);
  slot(li, "program").classList.toggle("swatch", program !== "");
  write(slot(li, "text"), text);
  li.classList.toggle("error", failed);
  return li;
}
