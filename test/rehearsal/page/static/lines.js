// The lines from the load balancer to the programs. Each route is a bundle that
// leaves the load balancer and divides by its shares.

import { paint } from "./colours.js";
import { list } from "./dom.js";

const svg = document.getElementById("lines");
const diagram = document.getElementById("diagram");

// widest is the line of a whole route, in pixels; narrowest keeps 1 % visible.
const widest = 14;
const narrowest = 1.5;

let current = [];

// A line has to follow whatever moves its ends.
new ResizeObserver(() => redraw()).observe(diagram);

// connect draws the routes between the elements that the diagram has for them.
export function connect(routes) {
  current = routes;
  redraw();
}

function redraw() {
  list(svg, current.flatMap(bundle), (line) => line.key, make, fill);
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
      return { key: `${name} ${program}`, program, width: Math.max(narrowest, width), from, to };
    });
}

// end is where a line meets the box around an element, in the svg's coordinates.
function end(node, side) {
  const frame = diagram.getBoundingClientRect();
  const box = node.closest("#balancer, .program").getBoundingClientRect();
  const own = node.getBoundingClientRect();
  return { x: box[side] - frame.left, y: own.top + own.height / 2 - frame.top };
}

function make() {
  const line = document.createElementNS("http://www.w3.org/2000/svg", "g");
  for (const part of ["line", "motion"]) {
    line.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path")).setAttribute("class", part);
  }
  return line;
}

function fill(line, { program, width, from, to }) {
  const middle = (from.x + to.x) / 2;
  for (const path of line.children) {
    path.setAttribute("d", `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`);
  }
  line.firstElementChild.setAttribute("stroke-width", width);
  paint(line, program);
}
