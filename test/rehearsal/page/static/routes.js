// Where the requests to each program's own paths go, read from the live rules
// as the listener reads them: the first that matches decides.

// routes gives for each program the live rule's shares of its paths, or the
// load balancer's own answer.
export function routes(state) {
  const live = state.rules.filter((rule) => rule.live || rule.conditions.length === 0);
  return state.services.filter(({ paths }) => paths.length > 0).map(({ name, paths }) => {
    const rule = live.find((rule) => matches(rule, paths[0]));
    return { name, paths, shares: rule?.shares ?? [], answer: rule?.answer ?? "" };
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

// A rule without conditions is the default action.
function matches(rule, path) {
  return rule.conditions.length === 0 || rule.conditions.some((pattern) => covers(pattern, path));
}

function covers(pattern, path) {
  if (pattern.endsWith("*")) return path.startsWith(pattern.slice(0, -1));
  return pattern === path;
}
