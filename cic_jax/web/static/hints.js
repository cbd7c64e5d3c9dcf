// The colours that the user has given to places of the photograph, oldest first.

import { $, node } from "./dom.js";

let change = () => {};

// `changed` is called with other hints: x and y from 0 to 1, a and b in CIELAB units, the colour as
// it is shown, and its name.
export const onChange = (changed) => (change = changed);

export const withOne = (hints, hint) => [
  ...hints.filter((one) => one.x !== hint.x || one.y !== hint.y),
  hint,
];

export function draw(hints) {
  $("hinting").hidden = hints.length === 0;
  $("marks").replaceChildren(...hints.map(mark));
  $("hints").replaceChildren(...hints.map((hint, index) => entry(hints, hint, index)));
}

function mark({ x, y, fill }) {
  const dot = node("i");
  dot.style.setProperty("--x", `${100 * x}%`);
  dot.style.setProperty("--y", `${100 * y}%`);
  dot.style.background = fill;
  return dot;
}

function entry(hints, hint, index) {
  const name = `colour ${index + 1}: ${hint.name}`;
  const button = node("button", { type: "button", textContent: "\u00d7", title: `Remove ${name}` });
  button.style.setProperty("--fill", hint.fill);
  button.setAttribute("aria-label", `Remove ${name}`);
  button.addEventListener("click", () => change(hints.filter((one) => one !== hint)));
  return node("li", {}, button);
}

$("clear").addEventListener("click", () => change([]));
