// The photograph before and after, as near as it is looked at.

import * as album from "./album.js";
import { $, attempt, latest, show } from "./dom.js";
import * as progress from "./progress.js";
import * as server from "./server.js";
import * as zoom from "./zoom.js";

const REST = 400; // milliseconds without a change, before all pixels are asked for

let shown = null; // the photograph on the stage
let near = ""; // the settings whose pixels are all there
let rest;

export const current = () => shown;

// Shows a photograph at once as the browser reads its file, in grey until its colours are there.
export async function open(item) {
  shown = item;
  near = "";
  $("stage").classList.add("waiting");
  $("unseen").hidden = true;
  show($("after"), null);
  show($("before"), item.file);
  if (item.photograph) arrange(item.photograph.width, item.photograph.height);
  else zoom.fit(1);
  try {
    await $("before").decode();
  } catch { // a TIFF, say, or a photograph that is no longer shown
    if (item !== shown || !$("stage").classList.contains("waiting")) return;
    show($("before"), null);
    $("unseen").hidden = false;
    return;
  }
  if (item !== shown || item.photograph) return;
  arrange($("before").naturalWidth, $("before").naturalHeight);
}

function arrange(width, height) {
  $("stage").style.setProperty("--aspect", width / height);
  zoom.fit(width);
}

export function close() {
  shown = null;
  for (const id of ["before", "after"]) show($(id), null);
}

// Shows what the server made of it.
export async function coloured(item) {
  const { width, height } = item.photograph;
  const grey = await album.ask(item, (token) => server.picture(token, { saturation: 0 }));
  await redraw();
  if (item !== shown) return;
  show($("before"), grey);
  arrange(width, height);
  $("unseen").hidden = true;
  $("stage").classList.remove("waiting");
}

// Shows the colouring by the photograph's settings.
export const redraw = latest(async () => {
  const item = shown;
  const values = album.readOut(item.settings);
  const colour = await album.ask(item, (token) => server.picture(token, values));
  if (item !== shown) return;
  near = "";
  show($("after"), colour);
  look();
});

// All pixels, once the photograph is zoomed into.
const sharpen = latest(async () => {
  const item = shown;
  const wanted = album.key(item.settings);
  const [grey, colour] = [{ saturation: 0 }, album.readOut(item.settings)];
  let before, after;
  await progress.during("Reading every pixel …", async () => {
    before = await album.ask(item, (token) => server.full(token, grey));
    after = await album.ask(item, (token) => server.full(token, colour));
  });
  if (item !== shown || wanted !== album.key(item.settings)) return;
  near = wanted;
  show($("before"), before);
  show($("after"), after);
});

function look() {
  clearTimeout(rest);
  const whole = shown?.photograph;
  if (!whole || !zoom.zoomed() || near === album.key(shown.settings)) return;
  if (!$("after").naturalWidth || $("after").naturalWidth >= whole.width) return;
  rest = setTimeout(sharpen, REST);
}
zoom.onZoom(look);

// The picture before or after with all its pixels, at most those that the server shows.
export async function pixels(item, values) {
  const blob = await album.ask(item, (token) => server.full(token, values));
  return createImageBitmap(blob);
}

// ---- comparing

$("divider").addEventListener("input", zoom.cut);
const hold = (held) => () => {
  $("stage").classList.toggle("held", held);
  $("hold").setAttribute("aria-pressed", held);
};
$("hold").addEventListener("pointerdown", hold(true));
for (const kind of ["pointerup", "pointercancel", "pointerleave", "blur"]) {
  $("hold").addEventListener(kind, hold(false));
}
$("hold").addEventListener("contextmenu", (event) => event.preventDefault()); // a finger's long press
$("hold").addEventListener("keydown", ({ key }) => [" ", "Enter"].includes(key) && hold(true)());
$("hold").addEventListener("keyup", hold(false));

$("whole").hidden = !document.fullscreenEnabled;
$("whole").addEventListener("click", () =>
  attempt(() =>
    document.fullscreenElement ? document.exitFullscreen() : $("pictures").requestFullscreen(),
  ),
);
document.addEventListener("fullscreenchange", () => {
  $("whole").textContent = document.fullscreenElement ? "Leave full screen" : "Full screen";
});
