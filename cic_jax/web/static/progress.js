// What is going on, in words and as a bar, and the button that ends it.

import * as album from "./album.js";
import { $, say, shortened } from "./dom.js";

const LONG = 5; // seconds from which on it is said why

let other = ""; // what goes on besides
let since = 0;
let timer;
let sent = 0;

export function start() {
  album.onChange((item, what) => {
    if (what === "colouring") begin();
    if (typeof what === "object") sent = what.sent;
    if (typeof what === "object") draw();
    if (what === "rest") end();
  });
  $("cancel").addEventListener("click", () => album.stop());
}

function begin() {
  say("");
  since = performance.now();
  sent = 0;
  clearInterval(timer);
  timer = setInterval(draw, 1000);
  $("progress").hidden = false;
  draw();
}

// Shows that `task` is under way, which cannot be cancelled but by undoing what it is for.
export async function during(text, task) {
  other = text;
  begin();
  try {
    await task();
  } finally {
    other = "";
    if (!album.working()) end();
  }
}

function end() {
  clearInterval(timer);
  $("progress").hidden = true;
}

function draw() {
  const item = album.working();
  const seconds = Math.round((performance.now() - since) / 1000);
  $("cancel").hidden = !item;
  if (!item) {
    $("bar").removeAttribute("value");
    $("doing").textContent = seconds > 1 ? `${other} ${seconds} s` : other;
    return;
  }
  const all = album.items.length;
  const open = album.items.filter(({ state }) => ["waiting", "colouring"].includes(state)).length;
  if (open > 1 || !item.alone) {
    $("bar").max = all;
    $("bar").value = all - open;
  } else if (sent < 1) Object.assign($("bar"), { max: 1, value: sent });
  else $("bar").removeAttribute("value"); // how long the rest takes is not known
  $("doing").textContent = doing(item, all - open + 1, all, seconds);
}

function doing(item, number, all, seconds) {
  const which = item.alone ? shortened(item.name) : `${number} of ${all}, ${shortened(item.name)}`;
  if (sent < 1) return `Sending ${which}: ${Math.round(100 * sent)}\u00a0%`;
  const time = seconds > 1 ? ` ${seconds} s` : "";
  const why = seconds >= LONG && item.alone ? " (the first of a shape takes longer)" : "";
  return `Colouring ${which} …${time}${why}`;
}

export function summary({ name, photograph: { frames, coloured }, seconds }) {
  let text = `${shortened(name)} coloured in ${seconds.toFixed(1)} s.`;
  if (coloured) text += " Its own colours were set aside: the network saw lightness alone.";
  if (frames > 1) text += ` It is the first of the ${frames} pictures in the file.`;
  say(text);
}
