// The page: what follows from what.

import * as album from "./album.js";
import * as candidates from "./candidates.js";
import { $, attempt, complain, latest, node, say } from "./dom.js";
import * as hints from "./hints.js";
import * as inspector from "./inspector.js";
import { onFiles } from "./intake.js";
import * as list from "./list.js";
import * as progress from "./progress.js";
import * as results from "./results.js";
import * as server from "./server.js";
import * as settings from "./settings.js";
import * as stage from "./stage.js";
import { word } from "./words.js";

const CURRENT = "current"; // in the browser's session: the number of the photograph on the stage
let about = null; // what the server is
let before = null; // on the stage before the photograph that was opened last

// ---- opening

async function take(files, folder) {
  const wanted = folder ? files.filter(isPhotograph) : files;
  const left = files.length - wanted.length;
  if (wanted.length === 0) throw new Error("no photographs are in this folder");
  complain(left > 0 ? `${left} files of the folder are no photographs and were left out` : "");
  const alone = wanted.length === 1;
  let first = null;
  const large = [];
  for (const { file, name } of wanted) {
    if (file.size > about.most_bytes) large.push(name);
    else {
      const item = await album.add(file, name, settings.forNext(), alone);
      if (!first) show((first = item));
      work();
    }
  }
  if (large.length > 0) throw new Error(tooLarge(large));
}

const isPhotograph = ({ name }) =>
  !name.startsWith(".") && about.suffixes.some((suffix) => name.toLowerCase().endsWith(suffix));

function tooLarge(names) {
  const most = Math.floor(about.most_bytes / 2 ** 20);
  const which = names.length > 1 ? `${names.length} files are` : `${names[0]} is`;
  return (
    `${which} larger than ${most} MiB, the most that is taken here: ` +
    `colour by the command: cic-jax colorize ${names.length > 1 ? "FOLDER" : `'${names[0]}'`} --out=coloured`
  );
}

const work = () => attempt(() => album.run(stage.current));

// Puts a photograph on the stage, as far as it is ready.
function show(item) {
  if (item === stage.current()) return;
  before = stage.current();
  sessionStorage.setItem(CURRENT, item.id);
  $("welcome").hidden = true;
  $("work").hidden = $("another").hidden = false;
  $("about-file").textContent = "";
  inspector.clear();
  candidates.clear();
  stage.open(item);
  settings.draw();
  list.mark();
  ready(item.state === "done");
  if (item.state === "done") attempt(() => finish(item));
  else if (item.state === "failed") complain(`${item.name}: ${item.reason}`);
}

function ready(is) {
  for (const id of ["download", "copy", "compare", "hold"]) $(id).disabled = !is;
}

// Shows what the server made of the photograph on the stage.
async function finish(item) {
  await stage.coloured(item);
  if (item !== stage.current()) return;
  const { width, height, format, written } = item.photograph;
  const kind = written === format ? "" : `, as a ${written}`;
  $("about-file").textContent = `${width} × ${height}, ${format}: saved at that size${kind}.`;
  ready(true);
  candidates.update();
}

function leave(item) {
  if (item !== stage.current()) return;
  const other = album.items.includes(before) ? before : album.items.at(-1);
  if (other) show(other);
  else {
    stage.close();
    $("welcome").hidden = false;
    $("work").hidden = $("another").hidden = true;
  }
}

function followAlbum(item, what) {
  if (what === "full") complain("the browser has no room to keep the photographs: a reload loses them");
  if (what === "waiting") work();
  if (what === "removed") leave(item);
  if (what === "done" && item === stage.current()) {
    attempt(async () => {
      await finish(item);
      if (item === stage.current()) progress.summary(item);
    });
  }
  if (what !== "failed" && what !== "stopped") return;
  if (item.alone) album.remove(item); // what was open before comes back
  if (what === "stopped") say(item.alone ? `${item.name} was cancelled.` : "Stopped.");
  else if (item.alone || item === stage.current()) complain(item.reason);
}

// ---- other settings

const lookAgain = latest(async () => {
  const item = stage.current();
  say("");
  await progress.during(`Looking again, at ${item.settings.size} pixels …`, stage.redraw);
});

const renewThumbnail = latest(async () => {
  const item = stage.current();
  if (item?.state === "done" && album.items.length > 1) await album.thumbnail(item);
});

function followSettings(again) {
  const item = stage.current();
  if (!item || item.state !== "done") return;
  complain("");
  if (again) lookAgain();
  else stage.redraw();
  inspector.update();
  candidates.update();
  renewThumbnail();
}

function give(point, [a, b, , fill]) {
  const given = hints.withOne(settings.now().hints, { ...point, a, b, fill, name: word(50, a, b) });
  if (given.length > about.hints) {
    complain(`${about.hints} colours are given, the most that are taken`);
    return;
  }
  settings.change({ hints: given });
}

// ---- start

function offer({ name, title, credit }) {
  const image = node("img", { src: `samples/${name}.jpg`, alt: "" });
  const button = node("button", { type: "button", title: `Photograph: ${credit}` }, image, title);
  button.addEventListener("click", () =>
    attempt(async () => take([{ file: await server.sample(name), name: `${name}.jpg` }], false)),
  );
  return node("li", {}, button);
}

function introduce() {
  for (const place of document.querySelectorAll(".model")) place.textContent = about.model;
  for (const part of document.querySelectorAll("[data-where]")) {
    part.hidden = part.dataset.where !== about.where;
  }
  $("minutes").textContent = Math.round(about.minutes);
  $("samples").append(...about.samples.map(offer));
  $("weak").hidden = about.weaknesses.length === 0;
  $("weaknesses").append(
    ...about.weaknesses.map(([title, text]) =>
      node("li", {}, node("b", { textContent: `${title}. ` }), text),
    ),
  );
}

attempt(async () => {
  about = await server.about();
  introduce();
  candidates.start(about.candidates, (candidate) => settings.change({ candidate }));
  settings.start(about, followSettings);
  inspector.start(about, about.hints > 0 ? give : null);
  results.start(about.model);
  list.start(show);
  progress.start();
  album.onChange(followAlbum);
  $("empty").addEventListener("click", () => [...album.items].forEach(album.remove));
  const lasting = await album.restore();
  $("lasting").hidden = !lasting;
  $("fleeting").hidden = lasting;
  const shown = Number(sessionStorage.getItem(CURRENT));
  const item = album.items.find(({ id }) => id === shown) ?? album.items.at(-1);
  if (item) show(item);
  onFiles(take);
  work();
});
