// The page: photographs taken one after the other, and saved.

import * as engine from "./client.js";
import * as hints from "./hints.js";
import { later, readOut, reflect } from "./reading.js";
import { $, attempt, complain, say, show, state, wanted } from "./state.js";
import { zip } from "./zip.js";

const ARCHIVE = "coloured.zip"; // browsers stop a page that saves several files
const SUFFIXES = { jpeg: ".jpg", png: ".png" };

// ---- opening, one file after the other

let opening = Promise.resolve();

function take(files) {
  const entries = [...files].map((file) => ({ file, name: file.name || "photograph", hints: [] }));
  if (entries.length === 0) return;
  complain("");
  state.entries.push(...entries);
  list();
  choose(entries[0]);
}

// Opens an entry once what is under way has been done.
function choose(entry) {
  opening = opening.then(() => attempt(() => open(entry)));
}

async function open(entry) {
  say(`Colouring ${entry.name} …`);
  const start = performance.now();
  let about;
  try {
    about = await engine.open(entry.file, entry.name);
  } catch (error) {
    state.entries = state.entries.filter((other) => other !== entry);
    list();
    throw error;
  }
  Object.assign(entry, about);
  state.entry = entry;
  state.point = null;
  hints.show(entry.hints);
  state.readOut.candidate = 0;
  const colour = await engine.picture(wanted());
  const seconds = (performance.now() - start) / 1000;
  show($("before"), await engine.picture(null));
  show($("after"), colour);
  arrange();
  reflect();
  later();
  let text = `${entry.name} coloured in ${seconds.toFixed(1)} s.`;
  if (about.coloured) text += " Its own colours were set aside: the network saw lightness alone.";
  say(text);
}

function arrange() {
  const { name, width, height, transparent } = state.entry;
  $("welcome").hidden = true;
  $("work").hidden = $("another").hidden = false;
  $("stage").style.setProperty("--aspect", width / height);
  $("about-file").textContent = `${name}, ${width} × ${height}: saved at that size.`;
  if (transparent) $("format").value = "png";
  $("cross").setAttribute("hidden", "");
  $("distribution").setAttribute("hidden", "");
  $("hint-help").hidden = true;
  list();
  divide();
}

function list() {
  const many = state.entries.length > 1;
  $("files").hidden = $("download-all").hidden = !many;
  $("files").replaceChildren(
    ...state.entries.map((entry) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = button.title = entry.name;
      button.setAttribute("aria-current", entry === state.entry);
      button.addEventListener("click", () => choose(entry));
      item.append(button);
      return item;
    }),
  );
}

function divide() {
  for (const name of ["--part", "--cut"]) { // of the seam, and of the photograph in grey
    $("stage").style.setProperty(name, `${$("divider").value}%`);
  }
}

$("divider").addEventListener("input", divide);

// ---- saving

async function colored(entry) {
  const format = $("format").value;
  say(`Colouring ${entry.name} at full size …`);
  const blob = await engine.file(wanted(entry), format);
  return [`${entry.name.replace(/\.[^.]*$/, "")}-colour${SUFFIXES[format]}`, blob];
}

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function saving(task) {
  opening = opening.then(async () => {
    complain("");
    $("download").disabled = $("download-all").disabled = true;
    await attempt(task);
    $("download").disabled = $("download-all").disabled = false;
  });
}

$("download").addEventListener("click", () =>
  saving(async () => {
    const [name, blob] = await colored(state.entry);
    save(name, blob);
    say(`${name} is saved.`);
  }),
);
$("download-all").addEventListener("click", () =>
  saving(async () => {
    const files = new Map();
    for (const entry of state.entries) {
      if (entry !== state.entry) await open(entry);
      const [name, blob] = await colored(entry);
      files.set(unused(name, files), blob);
    }
    save(ARCHIVE, await zip([...files]));
    say(`${files.size} photographs are saved in ${ARCHIVE}.`);
  }),
);

// A name that no other file has: a number is added where one has.
function unused(name, files) {
  let [result, number] = [name, 2];
  for (; files.has(result); number += 1) result = name.replace(/(\.[^.]*)$/, `-${number}$1`);
  return result;
}

// ---- three ways in: files chosen, dropped or pasted

for (const id of ["choose", "another"]) {
  $(id).addEventListener("click", () => $("chooser").click());
}
$("chooser").addEventListener("change", () => {
  take($("chooser").files);
  $("chooser").value = ""; // so that the same file can be chosen again
});
document.addEventListener("paste", (event) => take(event.clipboardData.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dragging");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  take(event.dataTransfer.files);
});

// ---- start

function candidate(number) {
  const radio = document.createElement("input");
  const image = document.createElement("img");
  const label = document.createElement("label");
  Object.assign(radio, { type: "radio", name: "candidate", value: number });
  image.alt = number === 0 ? "The usual colouring" : `Another colouring, ${number}`;
  image.dataset.candidate = number;
  radio.addEventListener("change", () => readOut({ candidate: number }));
  label.append(radio, image);
  return label;
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(0);

function describe({ device, threads, failure }) {
  if (failure) return `'s processor (its graphics processor failed: ${failure})`;
  if (device === "webgpu") return "'s graphics processor";
  return `'s processor (${threads === 1 ? "one thread" : `${threads} threads`})`;
}

attempt(async () => {
  say("Loading the network …");
  const device = new URLSearchParams(location.search).get("device");
  state.about = await engine.start(device, (come, total) =>
    say(`Loading the network: ${megabytes(come)} of ${megabytes(total)} MB …`),
  );
  if (state.entries.length === 0) say("The network is ready.");
  $("model").textContent = state.about.name;
  $("device").textContent = describe(state.about);
  const { candidates } = state.about;
  if (candidates > 1) {
    $("candidates").append(...Array.from({ length: candidates }, (_, number) => candidate(number)));
    $("candidates").hidden = $("unifying").hidden = false;
    if (state.about.takes_hints) {
      $("distribution").setAttribute("tabindex", "0");
      $("distribution").setAttribute("role", "application");
    }
  } else {
    $("pixel").textContent =
      "This model predicts the colour itself: it has no distribution to show.";
  }
  if (state.about.tau === null) $("vividness").disabled = true;
  else state.defaults.tau = state.about.tau;
  state.defaults.unify = state.about.unify;
  readOut(state.defaults);
});
