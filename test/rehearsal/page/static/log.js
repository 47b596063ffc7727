// Lines of text that grow at their end.

import { create, list } from "./dom.js";

// showLines keeps the lines that it has, so that only new ones are read out. It stays at
// its end, unless the person has scrolled up to read.
export function showLines(ol, lines) {
  const atEnd = ol.scrollHeight - ol.scrollTop - ol.clientHeight < 8;
  list(ol, lines, (line) => line, (line) => create("li", line), () => {});
  ol.hidden = lines.length === 0;
  if (atEnd) ol.scrollTop = ol.scrollHeight;
}
