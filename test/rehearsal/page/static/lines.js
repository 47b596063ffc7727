// The lines from the load balancer to the programs, and between programs. Each route is
// a bundle that leaves the load balancer and divides by its shares. Each connection is an
// arc on the other side, from the caller to the callee.

import { paint } from "./colours.js";
import { list } from "./dom.js";

const svg = document.getElementById("lines");
const diagram = document.getElementById("diagram");

// widest is the line of a whole route, in pixels; narrowest keeps 1 % visible.
const widest = 14;
const narrowest = 1.5;

// bends are how far the shortest and the longest arc keep from the cards, in pixels, so that
// one lies within the other; widestCall is the busiest one.
const bends = [12, 36];
const widestCall = 5;

let current = [];
let calls = [];

// A line has to follow whatever moves its ends.
new ResizeObserver(() => redraw()).observe(diagram);

// connect draws the routes and connections between the elements that the diagram has for
// them.
export function connect(routes, connections) {
  current = routes;
  calls = connections;
  diagram.classList.toggle("connected", connections.length > 0);
  redraw();
}

function redraw() {
  list(svg, [...current.flatMap(bundle), ...calls.map(arc)], (line) => line.key, make, fill);
}

// bundle stacks the lines of one route at its port.
function bundle({ name, shares }) {
  const port = end(document.querySelector(`[data-port="${CSS.escape(name)}"]`), "right");
  let above = -widest / 2;
  return shares
    .filter(({ percent }) => percent > 0)
    .map(({ program, percent }) => {
      const width = (widest * percent) / 100;
      const from = { x: port.x, y: port.y + above + width / 2 };
      above += width;
      const to = end(document.querySelector(`[data-service="${CSS.escape(program)}"] [data-from="${CSS.escape(name)}"]`), "left");
      const middle = (from.x + to.x) / 2;
      const d = `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
      return { key: `${name} ${program}`, program, width: Math.max(narrowest, width), d, parts: ["line", "motion"] };
    });
}

// arc goes round from the row of a call to the callee's card, with a head. Those that reach
// the same card lie below each other.
function arc({ caller, callee, requestsPerSecond }) {
  const card = (name) => `[data-service="${CSS.escape(name)}"]`;
  const from = end(document.querySelector(`${card(caller)} [data-callee="${CSS.escape(callee)}"]`), "right");
  const to = end(document.querySelector(card(callee)), "right");
  const siblings = calls.filter((other) => other.callee === callee);
  to.y += 8 * (siblings.findIndex((other) => other.caller === caller) - (siblings.length - 1) / 2);
  const bend = bends[0] + ((bends[1] - bends[0]) * Math.abs(to.y - from.y)) / diagram.clientHeight;
  const busiest = Math.max(...calls.map((other) => other.requestsPerSecond));
  const busy = requestsPerSecond > 0;
  return {
    key: `${caller} calls ${callee} ${busy}`,
    program: caller,
    width: narrowest + (busy ? ((widestCall - narrowest) * requestsPerSecond) / busiest : 0),
    d: `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${to.x + bend} ${to.y} ${to.x} ${to.y}m6 -4l-6 4l6 4l-6 -4`,
    parts: busy ? ["call", "motion"] : ["call"],
  };
}

// end is where a line meets the box around an element, in the svg's coordinates.
function end(node, side) {
  const frame = diagram.getBoundingClientRect();
  const box = node.closest("#balancer, .program").getBoundingClientRect();
  const own = node.getBoundingClientRect();
  return { x: box[side] - frame.left, y: own.top + own.height / 2 - frame.top };
}

function make({ parts }) {
  const line = document.createElementNS("http://www.w3.org/2000/svg", "g");
  for (const part of parts) {
    line.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path")).setAttribute("class", part);
  }
  return line;
}

function fill(line, { program, width, d }) {
  for (const path of line.children) path.setAttribute("d", d);
  line.firstElementChild.setAttribute("stroke-width", width);
  paint(line, program);
}
