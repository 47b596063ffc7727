// Where the requests to each program's own paths go, read from the live rules
// as the listener reads them: the first that matches decides.

// routes gives for each program, and for each of its routes with a phase of its own, the
// live rule's shares of its paths, or the load balancer's own answer.
export function routes(state) {
  const live = state.rules.filter((rule) => rule.live || rule.conditions.length === 0);
  const ways = state.services.flatMap((service) => [service, ...service.routes]).filter(({ paths }) => paths.length > 0);
  return ways.map(({ name, paths, only }) => {
    const rule = live.find((rule) => matches(rule, paths[0], only));
    return { name, paths: [...only, ...paths], shares: rule?.shares ?? [], answer: rule?.answer ?? "" };
  });
}

// inbound are the routes that lead to a program, with its share of each.
export function inbound(routes, program) {
  return routes.flatMap(({ name, paths, shares }) =>
    shares
      .filter((share) => share.program === program && share.percent > 0)
      .map((share) => ({ from: name, paths, percent: share.percent })),
  );
}

// A rule without conditions is the default action. Hosts and verbs of a rule are
// alternatives, of which those of the requests are some.
function matches({ conditions }, path, only) {
  return conditions.every(({ kind, values }) => values.some((value) => (kind === "path" ? covers(value, path) : only.includes(value))));
}

function covers(pattern, path) {
  if (pattern.endsWith("*")) return path.startsWith(pattern.slice(0, -1));
  return pattern === path;
}
