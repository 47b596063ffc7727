// How numbers and patterns read.

// percent writes a share as 12.5 %, on one line.
export function percent(value) {
  return `${Math.round(value * 10) / 10}\u00a0%`;
}

// rate writes small rates with a decimal, so that one request in ten seconds is
// not nothing.
export function rate(value) {
  return value > 0 && value < 10 ? value.toFixed(1) : String(Math.round(value));
}

// paths shortens patterns to what a person calls them: /api/alpha and
// /api/alpha/* are one path.
export function paths(patterns) {
  if (patterns.includes("/*")) return "everything else";
  const stems = patterns.map((pattern) => pattern.replace(/\/\*$/, ""));
  return [...new Set(stems)].join(", ");
}
