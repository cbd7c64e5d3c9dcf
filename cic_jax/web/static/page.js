import * as distribution from "./distribution.js";
import * as hints from "./hints.js";
import * as server from "./server.js";

const DEFAULTS = { tau: 0, unify: 0, candidate: 0 }; // the model's own, once they are known
const THUMBNAIL = 256; // pixels along the long side
const PAUSE = 250; // milliseconds without a change, before thumbnails follow
const STEP = 0.01; // of the photograph, that an arrow key moves the chosen pixel

const $ = (id) => document.getElementById(id);
const state = {
  about: null, // what the server is
  opened: 0, // how many files were taken; the last one is shown
  photograph: null, // what it holds of the one that is open
  point: null, // the chosen pixel, x and y from 0 to 1
  readOut: { ...DEFAULTS },
  found: null, // the distribution that is shown
};

// A task that is wanted again while it runs runs once more, with what is wanted then.
function latest(task) {
  let wanted = false;
  let running = false;
  return async () => {
    wanted = true;
    if (running) return;
    running = true;
    while (wanted) {
      wanted = false;
      await attempt(task);
    }
    running = false;
  };
}

async function attempt(task) {
  try {
    await task();
  } catch (error) {
    say("");
    complain(error.message);
  }
}

const say = (text) => ($("status").textContent = text);
const complain = (text) => ($("error").textContent = text);

// ---- opening

async function open(file, name) {
  if (file.size > state.about.most_bytes) {
    const most = Math.floor(state.about.most_bytes / 2 ** 20);
    throw new Error(`${name} is larger than ${most} MiB, the most that is taken`);
  }
  complain("");
  say(`Colouring ${name} …`);
  state.opened += 1;
  const turn = state.opened;
  const start = performance.now();
  const photograph = await server.open(file, name);
  const grey = await server.picture(photograph.token, { saturation: 0 });
  const colour = await server.picture(photograph.token, {
    ...state.readOut, candidate: 0, hints: "",
  });
  if (turn !== state.opened) return;
  state.photograph = photograph;
  state.point = null;
  hints.forget();
  readOut({ candidate: 0, hints: "" });
  show($("before"), grey);
  show($("after"), colour);
  arrange();
  say(summary(photograph, (performance.now() - start) / 1000));
}

function summary({ name, frames, coloured }, seconds) {
  let text = `${name} coloured in ${seconds.toFixed(1)} s.`;
  if (coloured) text += " Its own colours were set aside: the network saw lightness alone.";
  if (frames > 1) text += ` It is the first of the ${frames} pictures in the file.`;
  return text;
}

function arrange() {
  const { width, height, format } = state.photograph;
  $("welcome").hidden = true;
  $("work").hidden = $("another").hidden = false;
  $("stage").style.setProperty("--aspect", width / height);
  $("about-file").textContent = `${width} × ${height}, ${format}: saved at that size.`;
  $("cross").setAttribute("hidden", "");
  $("distribution").setAttribute("hidden", "");
  $("hint-help").hidden = true;
  divide();
}

function show(image, blob) {
  const before = image.src;
  image.src = URL.createObjectURL(blob);
  if (before) URL.revokeObjectURL(before);
}

// ---- reading out

const redraw = latest(async () => {
  const { photograph } = state;
  const colour = await server.picture(photograph.token, state.readOut);
  if (photograph !== state.photograph) return;
  show($("after"), colour);
  complain("");
});

const inspect = latest(async () => {
  const { photograph, point } = state;
  const found = await server.pixel(photograph.token, { ...point, ...state.readOut });
  if (photograph !== state.photograph) return;
  state.found = found;
  distribution.draw($("distribution"), found);
  $("distribution").removeAttribute("hidden");
  $("hint-help").hidden = state.about.hints === 0;
  $("pixel").textContent = distribution.describe(found);
});

const redrawThumbnails = latest(async () => {
  const { photograph } = state;
  for (const image of $("candidates").querySelectorAll("img")) {
    const { candidate } = image.dataset;
    const values = { ...state.readOut, candidate, longest: THUMBNAIL };
    const colour = await server.picture(photograph.token, values);
    if (photograph !== state.photograph) return;
    show(image, colour);
  }
});

let pause;

function readOut(values) {
  Object.assign(state.readOut, values);
  $("vividness").value = state.readOut.tau;
  $("vividness-value").textContent = state.readOut.tau.toFixed(2);
  $("unify").checked = state.readOut.unify > 0;
  for (const radio of $("candidates").querySelectorAll("input")) {
    radio.checked = Number(radio.value) === state.readOut.candidate;
  }
  if (!state.photograph) return;
  redraw();
  if (state.point) inspect();
  clearTimeout(pause);
  pause = setTimeout(redrawThumbnails, PAUSE);
}

function divide() {
  $("stage").style.setProperty("--part", `${$("divider").value}%`);
}

// ---- choosing a pixel

function choose(x, y) {
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
  choose((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
});
$("picker").addEventListener("keydown", (event) => {
  const move = MOVES[event.key];
  if (!move) return;
  event.preventDefault();
  const { x, y } = state.point ?? { x: 0.5, y: 0.5 };
  const step = event.shiftKey ? 10 * STEP : STEP;
  choose(x + step * move[0], y + step * move[1]);
});

// ---- giving a colour to the chosen pixel

hints.onChange((text) => {
  complain("");
  readOut({ hints: text });
});

function give([a, b, , fill]) {
  if (hints.count() >= state.about.hints) {
    complain(`${state.about.hints} colours are given, the most that are taken`);
    return;
  }
  hints.add({ ...state.point, a, b, fill });
}

distribution.onPick($("distribution"), (bin) => {
  if (state.about.hints > 0) give(bin);
});

// ---- controls

$("divider").addEventListener("input", divide);
$("vividness").addEventListener("input", () => readOut({ tau: $("vividness").valueAsNumber }));
$("unify").addEventListener("change", () =>
  readOut({ unify: $("unify").checked ? state.about.unified : 0 }),
);
$("reset").addEventListener("click", () => readOut(DEFAULTS));

$("download").addEventListener("click", () =>
  attempt(async () => {
    complain("");
    say("Colouring at full size …");
    $("download").disabled = true;
    try {
      const { name, blob } = await server.file(state.photograph.token, state.readOut);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      say(`${name} is saved.`);
    } finally {
      $("download").disabled = false;
    }
  }),
);

// ---- three ways in: a file chosen, dropped or pasted

function take(files) {
  if (files.length > 0) attempt(() => open(files[0], files[0].name || "photograph"));
}

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

function offer({ name, title, credit }) {
  const button = document.createElement("button");
  const image = document.createElement("img");
  image.src = `/samples/${name}.jpg`;
  image.alt = "";
  button.type = "button";
  button.append(image, title);
  button.title = `Photograph: ${credit}`;
  button.addEventListener("click", () =>
    attempt(async () => open(await server.sample(name), `${name}.jpg`)),
  );
  const item = document.createElement("li");
  item.append(button);
  return item;
}

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

attempt(async () => {
  state.about = await server.about();
  $("model").textContent = state.about.model;
  $("minutes").textContent = Math.round(state.about.minutes);
  $("samples").append(...state.about.samples.map(offer));
  const { candidates } = state.about;
  if (candidates > 1) {
    $("candidates").append(...Array.from({ length: candidates }, (_, number) => candidate(number)));
    $("candidates").hidden = false;
    $("unifying").hidden = false;
    if (state.about.hints > 0) {
      $("distribution").setAttribute("tabindex", "0");
      $("distribution").setAttribute("role", "application");
    }
  } else {
    $("pixel").textContent =
      "This model predicts the colour itself: it has no distribution to show.";
  }
  if (state.about.vividness === null) $("vividness").disabled = true;
  else DEFAULTS.tau = state.about.vividness;
  DEFAULTS.unify = state.about.unify;
  readOut(DEFAULTS);
});
