// The list of photographs, with the state of each.

import * as album from "./album.js";
import { $, node, show } from "./dom.js";
import * as stage from "./stage.js";

const STATES = {
  waiting: "waits", colouring: "is coloured now …", done: "coloured", failed: "failed",
  stopped: "not coloured",
};
const rows = new Map(); // by photograph

export function start(open) {
  album.onChange((item, what) => {
    if (what === "added") add(item, open);
    if (what === "removed") rows.get(item)?.remove();
    if (what === "removed") rows.delete(item);
    if (item && rows.has(item)) draw(item);
    summarize();
  });
  $("again").addEventListener("click", () => album.again());
}

function add(item, open) {
  const image = node("img", { alt: "", hidden: true });
  const name = node("span", { className: "name", textContent: item.name });
  const state = node("span", { className: "state" });
  const main = node("button", { type: "button", className: "open" }, image, node("span", {}, name, state));
  const remove = node("button", { type: "button", className: "remove", textContent: "\u00d7" });
  remove.setAttribute("aria-label", `Remove ${item.name} from the list`);
  remove.title = "Remove from the list";
  main.addEventListener("click", () => open(item));
  remove.addEventListener("click", () => {
    const row = remove.parentElement;
    const after = (row.nextSibling ?? row.previousSibling)?.querySelector(".remove");
    album.remove(item);
    after?.focus();
  });
  const row = node("li", {}, main, remove);
  rows.set(item, row);
  $("album").append(row);
}

function draw(item) {
  const row = rows.get(item);
  const image = row.querySelector("img");
  if (item.thumb && image.thumb !== item.thumb) {
    image.thumb = item.thumb;
    show(image, item.thumb);
  }
  row.dataset.state = item.state;
  const reason = item.reason ? `: ${item.reason}` : "";
  row.querySelector(".state").textContent = STATES[item.state] + reason;
}

export function mark() {
  for (const [item, row] of rows) {
    row.querySelector(".open").setAttribute("aria-current", item === stage.current());
  }
}

const count = (state) => album.items.filter((item) => item.state === state).length;

function summarize() {
  const all = album.items.length;
  $("photographs").hidden = all < 2;
  const parts = [`${count("done")} of ${all} coloured`];
  if (count("failed")) parts.push(`${count("failed")} failed`);
  if (count("stopped")) parts.push(`${count("stopped")} stopped`);
  $("count").textContent = `${parts.join(", ")}.`;
  $("again").hidden = count("failed") + count("stopped") === 0 || album.working() !== null;
  $("zip").disabled = count("done") === 0 || album.working() !== null;
}
