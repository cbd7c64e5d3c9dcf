// Other colourings of the photograph, small, each with a name for how it differs.

import * as album from "./album.js";
import { $, latest, node, show } from "./dom.js";
import * as server from "./server.js";
import * as stage from "./stage.js";

const THUMBNAIL = 256; // pixels along the long side
const PAUSE = 250; // milliseconds without a change, before thumbnails follow
const CHANGED = 0.2; // of the pixels, those that differ most, by which a colouring is named
const USUAL = "Usual";

let pause;

export function start(count, choose) {
  $("candidates").hidden = count === 1;
  if (count === 1) return;
  const all = Array.from({ length: count }, (_, number) => {
    const radio = node("input", { type: "radio", name: "candidate", value: number });
    const image = node("img", { alt: "", hidden: true });
    image.dataset.candidate = number;
    radio.addEventListener("change", () => choose(number));
    const name = node("span", { textContent: number === 0 ? USUAL : `Other ${number}` });
    return node("label", {}, radio, image, name);
  });
  $("candidates").append(...all);
}

const images = () => [...$("candidates").querySelectorAll("img")];

export function mark(candidate) {
  for (const radio of $("candidates").querySelectorAll("input")) {
    radio.checked = Number(radio.value) === candidate;
  }
}

export function clear() {
  clearTimeout(pause);
  images().forEach((image) => show(image, null));
}

export function update() {
  clearTimeout(pause);
  pause = setTimeout(redraw, PAUSE);
}

const redraw = latest(async () => {
  const item = stage.current();
  if (!item?.photograph) return;
  const values = { ...album.readOut(item.settings), longest: THUMBNAIL };
  for (const image of images()) {
    const { candidate } = image.dataset;
    const colour = await album.ask(item, (token) => server.picture(token, { ...values, candidate }));
    if (item !== stage.current()) return;
    show(image, colour);
  }
  await name(item);
});

async function name(item) {
  const seen = images();
  await Promise.all(seen.map((image) => image.decode()));
  if (item !== stage.current() || seen.length === 0) return;
  const [usual, ...others] = seen.map(pixels);
  const taken = new Set();
  others.forEach((other, index) => {
    const ranked = differences(usual, other);
    const word = ranked.find((one) => !taken.has(one)) ?? `other ${index + 1}`;
    taken.add(word);
    seen[index + 1].nextSibling.textContent = word[0].toUpperCase() + word.slice(1);
  });
}

function pixels(image) {
  const canvas = node("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}

// Words for how one colouring differs from the usual one, where it differs most; the best first.
function differences(usual, other) {
  const changes = [];
  for (let k = 0; k < usual.length; k += 4) {
    const [r, g, b] = [0, 1, 2].map((channel) => other[k + channel] - usual[k + channel]);
    changes.push([r - g, (r + g) / 2 - b]); // to red from green, to yellow from blue
  }
  const size = ([red, yellow]) => red ** 2 + yellow ** 2;
  changes.sort((one, two) => size(two) - size(one));
  const most = changes.slice(0, Math.ceil(CHANGED * changes.length));
  const [red, yellow] = [0, 1].map((axis) => most.reduce((sum, change) => sum + change[axis], 0));
  const words = [["redder", red], ["greener", -red], ["yellower", yellow], ["bluer", -yellow]];
  return words.sort((one, two) => two[1] - one[1]).map(([word]) => word);
}
