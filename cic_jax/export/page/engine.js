// What the page asks for, computed in a thread of its own. One photograph is held at a time.

import { COUNT, doubtOf, tilted } from "./candidates.js";
import { converter } from "./colour.js";
import { extent, merge } from "./extent.js";
import { paint, unpaint } from "./paint.js";
import { copy, decode, encode, isColoured, isTransparent } from "./photograph.js";
import { reduce, workingSize } from "./resize.js";
import { logProbabilities, pool } from "./segments.js";
import { start } from "./sessions.js";

const PREVIEW = 1024; // the most pixels of a shown picture's long side
const MOST_HINTS = 64;

let about, sessions, colour;
let photograph = null;

const tasks = {
  async start(device) {
    sessions = await start(device, (come, total) => postMessage({ come, total }));
    about = sessions.about;
    colour = converter(about);
    const { threads, failure } = sessions;
    const candidates = about.centers ? COUNT : 1;
    return { ...about, device: sessions.device, threads, failure, candidates, hints: MOST_HINTS };
  },

  // Runs the network on a file, and holds what it answers.
  async open(file, name) {
    const pixels = await decode(file, name);
    const { width, height } = pixels;
    const [rows, columns] = workingSize(height, width, about);
    const seen = reduce(pixels, [rows, columns]);
    const opened = {
      file, name, width, height, rows, columns, preview: shrunk(pixels), lightness: planes(seen),
    };
    opened.answer = await network(opened, []);
    opened.means = cellMeans(opened);
    photograph = opened;
    const transparent = isTransparent(opened.preview);
    return { name, width, height, coloured: isColoured(opened.preview), transparent };
  },

  // A preview as a JPEG, of `longest` pixels or less; null for `readOut` is the grey photograph.
  async picture(readOut, longest = PREVIEW) {
    const pixels = shrunk(photograph.preview, longest);
    if (readOut) paint(pixels, await read(readOut), colour);
    else unpaint(pixels, colour);
    return encode(pixels, "jpeg", true);
  },

  // The photograph at its own size.
  async file(readOut, format) {
    const pixels = await decode(photograph.file, photograph.name);
    paint(pixels, await read(readOut), colour);
    return encode(pixels, format);
  },

  // The distribution at x and y, from 0 to 1, with each bin's colour at the pixel's lightness.
  async pixel(readOut, x, y) {
    const { rows, columns, preview } = photograph;
    const predicted = await prediction(readOut);
    const index = (share, count) => Math.min(Math.floor(share * count), count - 1);
    const row = Math.floor(index(y, rows) / about.cell);
    const cell = row * predicted.columns + Math.floor(index(x, columns) / about.cell);
    const cells = predicted.rows * predicted.columns;
    const { data } = await colours(predicted, readOut, "cells");
    const own = predicted.logits.filter((_, k) => k % cells === cell);
    const p = logProbabilities(own, predicted.bins, 1).map(Math.exp);
    const at = 4 * (index(y, preview.height) * preview.width + index(x, preview.width));
    const lightness = colour.lightness(...preview.data.slice(at, at + 3));
    const bins = about.centers.map(([a, b], q) => [a, b, p[q], shown(lightness, a, b)]);
    return { lightness, read_out: [data[cell], data[cells + cell]], bins };
  },

  ab: async (r, g, b) => colour.ab(r, g, b),
};

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
async function prediction({ hints = [], unify = about.unify, candidate = 0 }) {
  const held = photograph;
  const key = JSON.stringify([hints, unify]);
  if (held.key !== key) {
    held.predicted = await predict(held, hints, unify);
    held.key = key;
  }
  const { predicted } = held;
  if (candidate === 0) return predicted;
  predicted.doubt ??= doubtOf(predicted, about);
  return { ...predicted, logits: tilted(predicted, about, predicted.doubt, candidate) };
}

async function predict({ answer, means, ...held }, hints, unify) {
  const { rows, columns } = answer;
  const unified = pool(answer, means, unify, about.segments);
  const without = { ...answer, logits: unified };
  if (hints.length === 0) return without;
  const told = hints.map((hint) => ({ ...hint, asked: toldColour(held, hint) }));
  const hinted = await network(held, told);
  const usual = { tau: about.tau };
  const before = (await colours(without, usual, "cells")).data;
  const after = (await colours(hinted, usual, "cells")).data;
  const kept = extent(before, after, rows, columns, told, about.extent);
  return { ...without, logits: merge(unified, hinted.logits, kept) };
}

// The colour asked for as the network is told it: shown at its place's lightness, and before the
// model's saturation.
function toldColour({ lightness, rows, columns }, { x, y, a, b }) {
  const index = (share, count) => Math.min(Math.floor(share * count), count - 1);
  const L = lightness[index(y, rows) * columns + index(x, columns)];
  const factor = colour.reach(L, a, b) / (about.saturation || 1);
  return [factor * a, factor * b];
}

// ---- reading out

async function colours({ logits, bins, rows, columns }, { tau }, output) {
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

async function read(readOut) {
  const { data, dims } = await colours(await prediction(readOut), readOut, "ab");
  return { ab: data, rows: dims[2], columns: dims[3] };
}

function shrunk(pixels, longest = PREVIEW) {
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

let last = Promise.resolve();

onmessage = ({ data: { id, task, values } }) => {
  last = last.then(async () => {
    try {
      postMessage({ id, result: await tasks[task](...values) });
    } catch (error) {
      postMessage({ id, error: error.message });
    }
  });
};
