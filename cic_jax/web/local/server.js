// What the page asks, answered on the visitor's own machine by a thread that runs the network. It
// stands in the place of the module of the same name by which the served page asks its server.

import { $, complain, say } from "./dom.js";

// A thread that is started from a file would have no policy, which says what it may connect to; one
// that is started from the page's own words takes the page's.
const script = `import ${JSON.stringify(new URL("../engine/engine.js", import.meta.url).href)};`;
const blob = new Blob([script], { type: "text/javascript" });
const worker = new Worker(URL.createObjectURL(blob), { type: "module" });
const waiting = new Map();
let asked = 0;

worker.onmessage = ({ data }) => {
  if ("come" in data) return progress(data);
  const { resolve, reject } = waiting.get(data.id) ?? {};
  waiting.delete(data.id);
  if (!resolve) return; // nobody waits any longer
  if ("error" in data) reject(Object.assign(new Error(data.error), { status: data.status }));
  else resolve(data.result);
};
worker.onerror = (event) => {
  const error = new Error(`colouring stopped: ${event.message ?? "its files could not be loaded"}`);
  waiting.forEach(({ reject }) => reject(error));
  waiting.clear();
};

function ask(task, values, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    asked += 1;
    const id = asked;
    waiting.set(id, { resolve, reject });
    signal?.addEventListener("abort", () => {
      if (!waiting.delete(id)) return; // it is answered
      worker.postMessage({ cancelled: id });
      reject(signal.reason);
    });
    worker.postMessage({ id, task, values });
  });
}

// ---- the network, which is loaded while the page is there already

const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const progress = ({ come, total }) =>
  say(`Loading the network: ${megabytes(come)} of ${megabytes(total)} MB …`);

function describe({ device, threads, failure }) {
  if (failure) return `'s processor (its graphics processor failed: ${failure})`;
  if (device === "webgpu") return "'s graphics processor";
  return `'s processor (${threads === 1 ? "one thread" : `${threads} threads`})`;
}

say("Loading the network …");
const started = ask("start", [new URLSearchParams(location.search).get("device")]);
started.then(
  (found) => {
    $("device").textContent = describe(found);
    say("The network is ready.");
  },
  (error) => {
    say("");
    complain(error.message);
  },
);

// ---- as the served page asks its server

async function content(path) {
  const response = await fetch(path).catch(() => null);
  if (!response?.ok) throw new Error(`${path} could not be loaded from where this page came from`);
  return response;
}

export const about = async () => (await content("model/about.json")).json();

export const sample = async (name) => (await content(`samples/${name}.jpg`)).blob();

export async function open(file, name, size, { signal, progress = () => {} } = {}) {
  progress(1); // nothing is sent
  await started;
  return ask("open", [file, name, size], signal);
}

export const picture = (token, readOut, signal) => ask("picture", [token, parsed(readOut)], signal);

export const full = (token, readOut) => ask("full", [token, parsed(readOut)]);

export const pixel = (token, point) => ask("pixel", [token, parsed(point)]);

export const file = (token, readOut, signal) => ask("file", [token, parsed(readOut)], signal);

export const forget = (token) => ask("forget", [token]);

// The settings, which a server is told as text.
function parsed({ hints, candidate, ...values }) {
  const given = hints ? hints.split(";").map((hint) => hint.split(",").map(Number)) : [];
  return {
    ...values,
    candidate: Number(candidate ?? 0),
    hints: given.map(([x, y, a, b]) => ({ x, y, a, b })),
  };
}
