// A minute of requests and errors as two lines.

import { clone } from "./dom.js";

const seconds = 60;
const height = 30;

// draw puts a program's chart into its place. All charts share the scale, so
// that they can be compared.
export function draw(place, program, series, scale) {
  const chart = place.firstElementChild ?? place.appendChild(clone("chart"));
  const { requests = [], errors = [] } = series ?? {};
  const line = points(requests, scale);
  chart.querySelector(".requests").setAttribute("points", line);
  chart.querySelector(".area").setAttribute("points", line && `${start(requests)},${height} ${line} ${seconds - 1},${height}`);
  chart.querySelector(".errors").setAttribute("points", errors.some((n) => n > 0) ? points(errors, scale) : "");
  chart.setAttribute("aria-label", label(program, requests, errors));
}

// scaleOf is the greatest value of all series.
export function scaleOf(traffic) {
  return Math.max(1, ...traffic.series.flatMap(({ requests, errors }) => [...requests, ...errors]));
}

// points are at the right edge for now; what is missing is missing at the left.
function points(values, scale) {
  const usable = height - 2;
  return values.map((value, i) => `${start(values) + i},${1 + usable * (1 - value / scale)}`).join(" ");
}

function start(values) {
  return seconds - values.length;
}

function label(program, requests, errors) {
  const now = (values) => Math.round(values.at(-1) ?? 0);
  return `${program} in the last minute: now ${now(requests)} requests and ${now(errors)} errors a second, at most ${Math.round(Math.max(0, ...requests))} and ${Math.round(Math.max(0, ...errors))}`;
}
