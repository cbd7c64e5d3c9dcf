// The settings by which the current photograph is coloured, with what they were before.

import * as album from "./album.js";
import * as candidates from "./candidates.js";
import { $, node } from "./dom.js";
import * as hints from "./hints.js";
import * as stage from "./stage.js";

const MOST = 200; // steps that can be undone

let own = { tau: 0, unify: 0, candidate: 0, size: 256, hints: [] }; // the model's, once known
let next = { ...own }; // those of the photographs that are still to come
let begun = null; // settings before a slider began to move
let follow = () => {};

export const forNext = () => next;
export const now = () => stage.current()?.settings ?? next;

// `changed` is called after every change, with whether the network has to look again.
export function start(about, changed) {
  follow = changed;
  own = { ...own, tau: about.vividness ?? 0, unify: about.unify, size: about.size };
  next = { ...own };
  $("vividness").disabled = about.vividness === null;
  $("unifying").hidden = about.candidates === 1;
  $("size").append(...about.sizes.map((size) => node("option", { value: size, textContent: size })));
  $("unify").addEventListener("change", () =>
    change({ unify: $("unify").checked ? about.unified : 0 }),
  );
  draw();
}

export function change(values, past = now()) {
  const item = stage.current();
  const settings = { ...now(), ...values };
  const again = settings.size !== now().size;
  next = { ...settings, candidate: 0, hints: [] };
  if (item) {
    if (past) Object.assign(item, { past: [...item.past, past].slice(-MOST), future: [] });
    item.settings = settings;
    album.keep(item);
  }
  draw();
  follow(again);
}

// Moves one step: `from` and `to` are past and future, or the other way round.
function step(from, to) {
  const item = stage.current();
  if (!item || item[from].length === 0) return;
  const again = item[from].at(-1).size !== item.settings.size;
  item[to] = [...item[to], item.settings];
  item.settings = item[from].at(-1);
  item[from] = item[from].slice(0, -1);
  next = { ...item.settings, candidate: 0, hints: [] };
  album.keep(item);
  draw();
  follow(again);
}

export function draw() {
  const { tau, unify, candidate, size, hints: given } = now();
  $("vividness").value = tau;
  $("vividness-value").textContent = tau.toFixed(2);
  $("unify").checked = unify > 0;
  $("size").value = size;
  candidates.mark(candidate);
  hints.draw(given);
  $("undo").disabled = !stage.current()?.past.length;
  $("redo").disabled = !stage.current()?.future.length;
}

hints.onChange((given) => change({ hints: given }));
$("vividness").addEventListener("input", () => {
  begun ??= now();
  change({ tau: $("vividness").valueAsNumber }, null);
});
$("vividness").addEventListener("change", () => {
  if (begun) change({}, begun);
  begun = null;
});
$("size").addEventListener("change", () => change({ size: Number($("size").value) }));
$("reset").addEventListener("click", () => change(own));
$("undo").addEventListener("click", () => step("past", "future"));
$("redo").addEventListener("click", () => step("future", "past"));
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey)) return;
  const letter = event.key.toLowerCase();
  const back = letter === "z" && !event.shiftKey;
  const forth = letter === "y" || (letter === "z" && event.shiftKey);
  if (!back && !forth) return;
  event.preventDefault();
  $(back ? "undo" : "redo").click();
});
