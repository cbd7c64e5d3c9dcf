// The open photograph: how it is read out, the chosen pixel, and the colours given to places.

import * as distribution from "./distribution.js";
import * as engine from "./client.js";
import * as hints from "./hints.js";
import { $, attempt, complain, latest, show, state, wanted } from "./state.js";

const THUMBNAIL = 256; // pixels along the long side
const PAUSE = 250; // milliseconds without a change, before thumbnails follow
const STEP = 0.01; // of the photograph, that an arrow key moves the chosen pixel

const redraw = latest(async () => {
  const { entry } = state;
  const colour = await engine.picture(wanted());
  if (entry === state.entry) show($("after"), colour);
});

const inspect = latest(async () => {
  const { entry, point } = state;
  const found = await engine.pixel(wanted(), point.x, point.y);
  if (entry !== state.entry) return;
  distribution.draw($("distribution"), found);
  $("distribution").removeAttribute("hidden");
  $("hint-help").hidden = !state.about.takes_hints;
  $("pixel").textContent = distribution.describe(found);
});

const redrawThumbnails = latest(async () => {
  const { entry } = state;
  for (const image of $("candidates").querySelectorAll("img")) {
    const candidate = Number(image.dataset.candidate);
    const colour = await engine.picture({ ...wanted(), candidate }, THUMBNAIL);
    if (entry !== state.entry) return;
    show(image, colour);
  }
});

let pause;

export function later() {
  clearTimeout(pause);
  pause = setTimeout(redrawThumbnails, PAUSE);
}

export function reflect() {
  $("vividness").value = state.readOut.tau;
  $("vividness-value").textContent = state.readOut.tau.toFixed(2);
  $("unify").checked = state.readOut.unify > 0;
  for (const radio of $("candidates").querySelectorAll("input")) {
    radio.checked = Number(radio.value) === state.readOut.candidate;
  }
}

export function readOut(values) {
  Object.assign(state.readOut, values);
  complain("");
  reflect();
  if (!state.entry) return;
  redraw();
  if (state.point) inspect();
  later();
}

// ---- choosing a pixel, and giving it a colour

function point(x, y) {
  if (state.about.candidates === 1) return; // there is no distribution
  const within = (value) => Math.min(1, Math.max(0, value));
  state.point = { x: within(x), y: within(y) };
  $("cross").style.setProperty("--x", `${100 * state.point.x}%`);
  $("cross").style.setProperty("--y", `${100 * state.point.y}%`);
  $("cross").removeAttribute("hidden");
  inspect();
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

$("picker").addEventListener("click", (event) => {
  const box = $("picker").getBoundingClientRect();
  point((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
});
$("picker").addEventListener("keydown", (event) => {
  const move = MOVES[event.key];
  if (!move) return;
  event.preventDefault();
  const { x, y } = state.point ?? { x: 0.5, y: 0.5 };
  const step = event.shiftKey ? 10 * STEP : STEP;
  point(x + step * move[0], y + step * move[1]);
});

function give([a, b], fill) {
  if (!state.about.takes_hints) return;
  if (state.entry.hints.length >= state.about.hints) {
    complain(`${state.about.hints} colours are given, the most that are taken`);
    return;
  }
  hints.add({ ...state.point, a, b, fill });
}

hints.onChange((given) => {
  state.entry.hints = given;
  readOut({});
});
distribution.onPick($("distribution"), ([a, b, , fill]) => give([a, b], fill));
$("give").addEventListener("click", () =>
  attempt(async () => {
    const fill = $("own-colour").value;
    const rgb = [1, 3, 5].map((at) => Number.parseInt(fill.slice(at, at + 2), 16));
    give(await engine.ab(...rgb), fill);
  }),
);

// ---- controls

$("vividness").addEventListener("input", () => readOut({ tau: $("vividness").valueAsNumber }));
$("unify").addEventListener("change", () =>
  readOut({ unify: $("unify").checked ? state.about.unify || state.about.segments.strength : 0 }),
);
$("reset").addEventListener("click", () => readOut(state.defaults));
