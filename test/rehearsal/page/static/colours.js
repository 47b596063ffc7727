// One colour for each program, wherever it appears. The style sheet knows
// twelve for services; the monolith and the load balancer stay neutral.

const names = new Map();

// assign gives the services their colours, in catalog order.
export function assign(services) {
  services.slice(0, -1).forEach((service, i) => names.set(service.name, String(i % 12)));
}

// paint lets the element use its program's colour.
export function paint(node, program) {
  node.dataset.colour = names.get(program) ?? "neutral";
}
