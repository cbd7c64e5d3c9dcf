// What the page asks for, computed in a thread of its own, for the photographs opened last.

import { converter } from "../static/colour.js";
import { doubtOf, tilted } from "./candidates.js";
import { extent, merge } from "./extent.js";
import { paint, unpaint } from "./paint.js";
import { copy, decode, encode, isColoured, nameFor, preview } from "./photograph.js";
import { reduce, workingSize } from "./resize.js";
import { logProbabilities, pool } from "./segments.js";
import { start } from "./sessions.js";

const PREVIEW = 1024; // the most pixels of a shown picture's long side
const FULL = 8192; // of a picture that is zoomed into
const HELD = 4; // photographs at a time; each takes some 30 MB

let about, sessions, colour;
let opened = 0;
const held = new Map(); // photographs by their tokens, the latest last

const tasks = {
  async start(device) {
    sessions = await start(device, (come, total) => postMessage({ come, total }));
    about = sessions.about;
    colour = converter(about);
    const { threads, failure } = sessions;
    return { device: sessions.device, threads, failure };
  },

  // Runs the network on a file, and holds what it answers.
  async open(file, name, size) {
    const { pixels, format, written } = await decode(file, name);
    const { width, height } = pixels;
    const [rows, columns] = workingSize(height, width, { size, longest: about.longest });
    const seen = reduce(pixels, [rows, columns]);
    const photograph = {
      file, name, written, width, height, rows, columns,
      preview: shrunk(pixels, PREVIEW), lightness: planes(seen),
    };
    photograph.answer = await network(photograph, []);
    photograph.means = cellMeans(photograph);
    opened += 1;
    const token = `${performance.timeOrigin}-${opened}`;
    held.set(token, photograph);
    if (held.size > HELD) held.delete(held.keys().next().value);
    const coloured = isColoured(photograph.preview);
    return { token, name, width, height, format, written, frames: 1, coloured };
  },

  // A colouring as a JPEG, of `longest` pixels or less; a saturation of 0 is the grey photograph.
  async picture(token, readOut) {
    const photograph = find(token);
    const pixels = shrunk(photograph.preview, readOut.longest ?? PREVIEW);
    return preview(await painted(photograph, pixels, readOut));
  },

  // The same with all pixels, to look at closely.
  async full(token, readOut) {
    const photograph = find(token);
    const { pixels } = await decode(photograph.file, photograph.name);
    return preview(await painted(photograph, shrunk(pixels, FULL), readOut));
  },

  // The photograph at its own size, to be saved.
  async file(token, readOut) {
    const photograph = find(token);
    const { pixels } = await decode(photograph.file, photograph.name);
    const blob = await encode(await painted(photograph, pixels, readOut), photograph.written);
    return { name: nameFor(photograph.name, photograph.written), blob };
  },

  // The distribution at x and y, from 0 to 1, with each bin's colour at the pixel's lightness.
  async pixel(token, { x, y, ...readOut }) {
    const photograph = find(token);
    const { rows, columns, preview: pixels } = photograph;
    const predicted = await prediction(photograph, readOut);
    const row = Math.floor(index(y, rows) / about.cell);
    const cell = row * predicted.columns + Math.floor(index(x, columns) / about.cell);
    const cells = predicted.rows * predicted.columns;
    const { data } = await colours(photograph, predicted, readOut, "cells");
    const own = predicted.logits.filter((_, k) => k % cells === cell);
    const p = logProbabilities(own, predicted.bins, 1).map(Math.exp);
    const at = 4 * (index(y, pixels.height) * pixels.width + index(x, pixels.width));
    const lightness = colour.lightness(...pixels.data.slice(at, at + 3));
    const bins = about.centers.map(([a, b], q) => [a, b, p[q], shown(lightness, a, b)]);
    return { lightness, read_out: [data[cell], data[cells + cell]], bins };
  },

  forget: async (token) => held.delete(token),
};

// A photograph that is held; the page opens it again where it no longer is.
function find(token) {
  const photograph = held.get(token);
  if (photograph) return photograph;
  throw Object.assign(new Error("this photograph has been forgotten: open it again"), { status: 404 });
}

const index = (share, count) => Math.min(Math.floor(share * count), count - 1);

// ---- the network

// Lightness of the reduced photograph, as the network takes it.
function planes({ data, width, height }) {
  return Float32Array.from({ length: width * height }, (_, k) =>
    colour.lightness(data[4 * k], data[4 * k + 1], data[4 * k + 2]),
  );
}

// Asks the network, with hints as it is told them.
async function network({ lightness, rows, columns }, told) {
  const room = Math.max(1, told.length);
  const flat = (pick, width) => {
    const values = new Float32Array(room * width);
    told.forEach((hint, k) => values.set(pick(hint), k * width));
    return values;
  };
  const bins = about.centers?.length ?? 2;
  const { logits } = await sessions.network({
    lightness: [lightness, [1, 1, rows, columns]],
    hint_place: [flat(({ x, y }) => [y, x], 2), [1, room, 2]],
    hint_ab: [flat(({ asked }) => asked, 2), [1, room, 2]],
    hint_given: [flat(() => [1], 1), [1, room]],
    palette: [new Float32Array(bins), [1, bins]],
  });
  return { logits: logits.data, bins, rows: logits.dims[2], columns: logits.dims[3] };
}

// The mean lightness of every cell; beyond the edges the last pixels are repeated.
function cellMeans({ lightness, rows, columns, answer }) {
  const { cell } = about;
  const means = new Float32Array(answer.rows * answer.columns);
  for (let i = 0; i < answer.rows * cell; i += 1) {
    for (let j = 0; j < answer.columns * cell; j += 1) {
      const value = lightness[Math.min(i, rows - 1) * columns + Math.min(j, columns - 1)];
      means[Math.floor(i / cell) * answer.columns + Math.floor(j / cell)] += value / cell ** 2;
    }
  }
  return means;
}

// The prediction with hints heard, things unified and the candidate chosen; the latest is kept.
async function prediction(photograph, { hints, unify, candidate }) {
  const key = JSON.stringify([hints, unify]);
  if (photograph.key !== key) {
    photograph.predicted = await predict(photograph, hints, unify);
    photograph.key = key;
  }
  const { predicted } = photograph;
  if (candidate === 0) return predicted;
  predicted.doubt ??= doubtOf(predicted, about);
  return { ...predicted, logits: tilted(predicted, about, predicted.doubt, candidate) };
}

async function predict(photograph, hints, unify) {
  const { answer, means } = photograph;
  const { rows, columns } = answer;
  const unified = pool(answer, means, unify, about.segments);
  const without = { ...answer, logits: unified };
  if (hints.length === 0) return without;
  const told = hints.map((hint) => ({ ...hint, asked: toldColour(photograph, hint) }));
  const hinted = await network(photograph, told);
  const usual = { tau: about.tau };
  const before = (await colours(photograph, without, usual, "cells")).data;
  const after = (await colours(photograph, hinted, usual, "cells")).data;
  const kept = extent(before, after, rows, columns, told, about.extent);
  return { ...without, logits: merge(unified, hinted.logits, kept) };
}

// The colour asked for as the network is told it: shown at its place's lightness, and before the
// model's saturation.
function toldColour({ lightness, rows, columns }, { x, y, a, b }) {
  const L = lightness[index(y, rows) * columns + index(x, columns)];
  const factor = colour.reach(L, a, b) / (about.saturation || 1);
  return [factor * a, factor * b];
}

// ---- reading out

async function colours(photograph, { logits, bins, rows, columns }, { tau }, output) {
  const { lightness, rows: height, columns: width } = photograph;
  const outputs = await sessions.readOut({
    logits: [logits, [1, bins, rows, columns]],
    lightness: [lightness, [1, 1, height, width]],
    temperature: [[about.temperature], []],
    tau: [[tau ?? 0], []],
    saturation: [[1], []],
  });
  return outputs[output];
}

// Colours pixels of the photograph in place.
async function painted(photograph, pixels, readOut) {
  if (readOut.saturation === 0) unpaint(pixels, colour);
  else {
    const predicted = await prediction(photograph, readOut);
    const { data, dims } = await colours(photograph, predicted, readOut, "ab");
    paint(pixels, { ab: data, rows: dims[2], columns: dims[3] }, colour);
  }
  return pixels;
}

function shrunk(pixels, longest) {
  const { width, height } = pixels;
  const scale = longest / Math.max(width, height);
  if (scale >= 1) return copy(pixels);
  return reduce(pixels, [height, width].map((side) => Math.max(1, Math.round(scale * side))));
}

function shown(L, a, b) {
  const pixel = [0, 0, 0];
  colour.write(pixel, 0, L, a, b);
  return `#${pixel.map((level) => level.toString(16).padStart(2, "0")).join("")}`;
}

// ---- messages, answered one after the other

const cancelled = new Set();
let last = Promise.resolve();

onmessage = ({ data }) => {
  if ("cancelled" in data) {
    cancelled.add(data.cancelled);
    return;
  }
  last = last.then(() => answer(data));
};

async function answer({ id, task, values }) {
  if (cancelled.delete(id)) return;
  try {
    postMessage({ id, result: await tasks[task](...values) });
  } catch (error) {
    postMessage({ id, error: error.message, status: error.status });
  }
}
