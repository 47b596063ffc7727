// A card for each program: what reaches it, its tasks, its rates, its phase.

import { draw } from "./chart.js";
import { paint } from "./colours.js";
import { fillControl, makeControl } from "./control.js";
import { clone, create, list, slot, write } from "./dom.js";
import { toggleLogs } from "./logs.js";
import { inbound } from "./routes.js";
import { paths, percent, rate } from "./words.js";

const programs = document.getElementById("programs");

export function showPrograms(state, routes, series, scale) {
  list(programs, state.services, (service) => service.name, makeCard, (card, service) => {
    fillCard(card, service);
    list(card.querySelector(".controls"), [service, ...service.routes], (moved) => moved.name, makeControl,
      (form, moved) => fillControl(form, moved, state.deployment.running));
    fillCalls(card.querySelector(".calls"), state.connections.filter(({ caller }) => caller === service.name));
    fillInbound(card.querySelector(".inbound"), service, inbound(routes, service.name));
    draw(slot(card, "chart"), service.name, series(service.name), scale);
  });
}

function makeCard({ name }) {
  const card = clone("program");
  card.dataset.service = name;
  write(slot(card, "name"), name);
  write(slot(card, "whose"), ` of ${name}`);
  const log = card.querySelector(".open");
  log.addEventListener("click", () => toggleLogs(log, name));
  return card;
}

function fillCard(card, service) {
  card.dataset.phase = service.phase;
  card.dataset.deployed = service.deployed;
  paint(card, service.name);
  write(slot(card, "phase"), service.phase);
  card.querySelector(".absent").hidden = service.deployed;
  write(slot(card, "requests"), rate(service.requestsPerSecond));
  write(slot(card, "errors"), rate(service.errorsPerSecond));
  slot(card, "errors-line").classList.toggle("error", service.errorsPerSecond > 0);
  list(card.querySelector(".tasks"), service.tasks, (task) => task.address, makeTask, fillTask);
}

function makeTask({ address }) {
  const task = create("li", "", "task");
  task.append(create("span"), " ", create("span", address, "address"));
  return task;
}

function fillTask(task, { state }) {
  task.dataset.state = state;
  write(task.firstElementChild, state);
}

function fillCalls(ul, connections) {
  list(ul, connections, ({ callee }) => callee, makeCall, (li, { callee, requestsPerSecond, errorsPerSecond }) => {
    const [name, requests, errors] = li.children;
    write(name, callee);
    paint(name, callee);
    write(requests, rate(requestsPerSecond));
    write(errors, errorsPerSecond > 0 ? `${rate(errorsPerSecond)} errors/s` : "");
  });
}

function makeCall({ callee }) {
  const li = create("li", "calls ");
  li.dataset.callee = callee;
  li.append(create("span", "", "swatch"), " ", create("span", "", "figure"), "/s ", create("span", "", "error"));
  return li;
}

function fillInbound(ul, service, ways) {
  const rows = ways.length > 0 ? ways : [{ from: "", paths: [], percent: 0 }];
  list(ul, rows, (row) => row.from, makeInbound, (li, row) => {
    const [share, path] = li.children;
    write(share, row.from ? percent(row.percent) : "");
    write(path, row.from ? paths(row.paths) : idle(service));
    li.style.setProperty("--share", row.percent / 100);
  });
}

function makeInbound({ from }) {
  const li = create("li");
  li.dataset.from = from;
  li.append(create("b"), create("span"));
  return li;
}

function idle({ deployed }) {
  return deployed ? "no live rule" : "";
}
