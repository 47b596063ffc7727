// The picture: clients, the load balancer with the paths it knows, the programs.

import { draw, scaleOf } from "./chart.js";
import { assign } from "./colours.js";
import { create, list, slot, write } from "./dom.js";
import { connect } from "./lines.js";
import { showPrograms } from "./programs.js";
import { routes } from "./routes.js";
import { paths, rate } from "./words.js";

const loadBalancer = "load balancer";
const clients = document.getElementById("clients");
const ports = document.getElementById("ports");
const own = document.getElementById("own");

export function showDiagram(state) {
  assign(state.services);
  const ways = routes(state);
  const scale = scaleOf(state.traffic);
  const series = (program) => state.traffic.series.find((s) => s.program === program);
  const ownRate = series(loadBalancer)?.requests.at(-1) ?? 0;

  write(slot(clients, "rate"), rate(state.services.reduce((sum, s) => sum + s.requestsPerSecond, ownRate)));
  write(slot(own, "requests"), rate(ownRate));
  draw(slot(own, "chart"), loadBalancer, series(loadBalancer), scale);
  list(ports, ways, (way) => way.name, makePort, fillPort);
  showPrograms(state, ways, series, scale);
  connect(ways, state.connections);
}

function makePort({ name }) {
  const port = create("li");
  port.dataset.port = name;
  port.append(create("span"), create("span", "", "answer"));
  return port;
}

function fillPort(port, { paths: patterns, answer }) {
  const [path, own] = port.children;
  write(path, paths(patterns));
  write(own, answer && `answered ${answer} here`);
}
