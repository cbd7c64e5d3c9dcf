// The chosen pixel: where it is, and what the network holds possible there.

import * as album from "./album.js";
import { converter } from "./colour.js";
import * as distribution from "./distribution.js";
import { $, latest, node } from "./dom.js";
import * as server from "./server.js";
import * as stage from "./stage.js";
import { named, percent } from "./words.js";
import * as zoom from "./zoom.js";

const STEP = 0.01; // of the photograph, that an arrow key moves the chosen pixel
const SWATCHES = 5;
const LEAST = 0.01; // probability of a colour that has a swatch
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const INVITATIONS = [
  "This model predicts the colour itself: it has no distribution to show.",
  "Click a pixel to see its colours: all those that the network holds possible there.",
];

let point = null; // x and y from 0 to 1
let give = null; // what a chosen colour is given to; null for a model that takes none
let exists = true; // whether the model has a distribution

// `pick` is called with the point and the colour, a row [a, b, probability, colour].
export function start(about, pick) {
  exists = about.candidates > 1;
  give = pick && ((bin) => pick(point, bin));
  clear();
  if (!give) return;
  const colour = converter(about);
  $("give").addEventListener("click", () => {
    const fill = $("own-colour").value;
    const rgb = [1, 3, 5].map((at) => Number.parseInt(fill.slice(at, at + 2), 16));
    give([...colour.ab(...rgb), null, fill]);
  });
  $("distribution").setAttribute("tabindex", "0");
  $("distribution").setAttribute("role", "application");
  distribution.onPick($("distribution"), give);
}

export function clear() {
  point = null;
  $("cross").setAttribute("hidden", "");
  $("distribution").setAttribute("hidden", "");
  $("inspector").hidden = $("hint-help").hidden = true;
  $("pixel").textContent = INVITATIONS[Number(exists)];
}

export const update = () => point && inspect();

const inspect = latest(async () => {
  const item = stage.current();
  const at = point;
  const values = { ...at, ...album.readOut(item.settings) };
  const found = await album.ask(item, (token) => server.pixel(token, values));
  if (item !== stage.current() || at !== point) return;
  distribution.draw($("distribution"), found);
  $("distribution").removeAttribute("hidden");
  $("hint-help").hidden = !give;
  $("pixel").textContent = distribution.describe(found);
  draw(found);
});

function draw(found) {
  const all = named(found);
  const colours = all.filter(({ share }) => share >= LEAST).slice(0, SWATCHES);
  $("likely").textContent = sentence(colours);
  $("swatches").replaceChildren(...colours.map(swatch));
  $("inspector").hidden = false;
}

function sentence([first, second]) {
  const sure = first.share > 0.8 ? "almost surely" : first.share > 0.5 ? "probably" : "perhaps";
  const other = second && first.share <= 0.8 ? `, or ${second.name}` : "";
  return `Here: ${sure} ${first.name}${other}.${give ? " Choose a colour to give it." : ""}`;
}

function swatch({ name, share, bin }) {
  const patch = node("i");
  patch.style.background = bin[3];
  const label = node("span", { textContent: `${name} ${percent(share)}` });
  const entry = node(give ? "button" : "span", { className: "swatch" }, patch, label);
  if (give) {
    entry.type = "button";
    entry.title = `Give ${name} to the thing at the cross`;
    entry.addEventListener("click", () => give(bin));
  }
  return node("li", {}, entry);
}

function choose(x, y) {
  if (!exists || !stage.current()?.photograph) return;
  const within = (value) => Math.min(1, Math.max(0, value));
  point = { x: within(x), y: within(y) };
  $("cross").style.setProperty("--x", `${100 * point.x}%`);
  $("cross").style.setProperty("--y", `${100 * point.y}%`);
  $("cross").removeAttribute("hidden");
  inspect();
}

$("picker").addEventListener("click", (event) => {
  if (zoom.wasDragged()) return;
  const box = $("picker").getBoundingClientRect();
  choose((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
});
$("picker").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const move = MOVES[event.key];
  const look = zoom.KEYS[event.key];
  if (!move && !look) return;
  event.preventDefault();
  if (look) return look();
  const { x, y } = point ?? { x: 0.5, y: 0.5 };
  const step = event.shiftKey ? 10 * STEP : STEP;
  choose(x + step * move[0], y + step * move[1]);
});
$("away").addEventListener("click", clear);
