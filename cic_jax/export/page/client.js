// The engine, which runs in a thread of its own. Every function throws an Error whose message can
// be shown as it is.

// A thread that is started from a file would have no policy, which says what it may connect to; one
// that is started from the page's own words takes the page's.
const script = `import ${JSON.stringify(new URL("engine.js", import.meta.url).href)};`;
const blob = new Blob([script], { type: "text/javascript" });
const worker = new Worker(URL.createObjectURL(blob), { type: "module" });
const waiting = new Map();
let asked = 0;
let told = () => {};

worker.onmessage = ({ data }) => {
  if ("come" in data) {
    told(data.come, data.total);
    return;
  }
  const { resolve, reject } = waiting.get(data.id);
  waiting.delete(data.id);
  if ("error" in data) reject(new Error(data.error));
  else resolve(data.result);
};
worker.onerror = (event) => {
  const error = new Error(`colouring stopped: ${event.message ?? "its files could not be loaded"}`);
  waiting.forEach(({ reject }) => reject(error));
  waiting.clear();
};

function ask(task, ...values) {
  return new Promise((resolve, reject) => {
    asked += 1;
    waiting.set(asked, { resolve, reject });
    worker.postMessage({ id: asked, task, values });
  });
}

// `onProgress` is called with the bytes that have come and those that will.
export function start(device, onProgress) {
  told = onProgress;
  return ask("start", device);
}

export const open = (file, name) => ask("open", file, name);
export const picture = (readOut, longest) => ask("picture", readOut, longest);
export const file = (readOut, format) => ask("file", readOut, format);
export const pixel = (readOut, x, y) => ask("pixel", readOut, x, y);
export const ab = (r, g, b) => ask("ab", r, g, b);
