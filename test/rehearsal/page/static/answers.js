// Who answered the last requests.

import { paint } from "./colours.js";
import { clone, list, slot, write } from "./dom.js";

const rows = document.querySelector("#answers tbody");

export function showAnswers({ answers }) {
  list(rows, answers, () => "row", () => clone("answer"), fillRow);
}

function fillRow(row, { method, path, status, program, milliseconds }) {
  write(slot(row, "method"), method);
  write(slot(row, "path"), path);
  write(slot(row, "status"), status);
  slot(row, "status").classList.toggle("error", status >= 400);
  write(slot(row, "by"), program);
  paint(slot(row, "by"), program);
  write(slot(row, "milliseconds"), milliseconds.toFixed(1));
}
