// What the server is asked. Every function throws an Error whose message can be shown as it is;
// its `status` is that of HTTP. Addresses are relative: the page may lie below a proxy's path.

const TRIES = 60; // while too many wait
const PAUSE = 2000; // milliseconds between two of them

class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const unreachable = () => new Error("the server does not answer: is it still running?");
const ended = () => new DOMException("cancelled", "AbortError");

async function ask(path, options = {}) {
  for (let left = TRIES; ; left -= 1) {
    let response;
    try {
      response = await fetch(path, options);
    } catch (error) {
      throw error.name === "AbortError" ? error : unreachable();
    }
    if (response.ok) return response;
    if (response.status !== 503 || left === 0 || !response.headers.has("retry-after")) {
      throw new Refusal(refusal(response.status, await response.text()), response.status);
    }
    await pause(options.signal);
  }
}

// A proxy answers in HTML.
function refusal(status, text) {
  return text.trimStart().startsWith("<") ? `the way to the server is barred: status ${status}` : text;
}

function pause(signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, PAUSE);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(ended());
    });
  });
}

export const about = async () => (await ask("about")).json();

export const sample = async (name) => (await ask(`samples/${name}.jpg`)).blob();

// Sends a file. `progress` is called with the part that is sent; `signal` ends it.
export async function open(file, name, size, { signal, progress = () => {} } = {}) {
  const path = `photographs?${new URLSearchParams({ name, size })}`;
  for (let left = TRIES; ; left -= 1) {
    const { status, text, again } = await send(path, file, signal, progress);
    if (status === 201) return JSON.parse(text);
    if (status !== 503 || !again || left === 0) throw new Refusal(refusal(status, text), status);
    await pause(signal);
  }
}

// As `fetch` does, which cannot tell how much is sent.
function send(path, file, signal, progress) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) reject(ended());
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.upload.onload = () => progress(1);
    request.onload = () =>
      resolve({
        status: request.status,
        text: request.responseText,
        again: request.getResponseHeader("retry-after"),
      });
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(ended());
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

const answer = (token, kind, values, signal) =>
  ask(`photographs/${token}/${kind}?${new URLSearchParams(values)}`, { signal });

export const picture = async (token, readOut, signal) =>
  (await answer(token, "picture", readOut, signal)).blob();

export const full = async (token, readOut) => (await answer(token, "full", readOut)).blob();

export const pixel = async (token, point) => (await answer(token, "pixel", point)).json();

// The file at full size and the name to save it by.
export async function file(token, readOut, signal) {
  const response = await answer(token, "file", readOut, signal);
  const name = /filename\*=UTF-8''(.+)$/.exec(response.headers.get("content-disposition"))[1];
  return { name: decodeURIComponent(name), blob: await response.blob() };
}

export const forget = (token) => ask(`photographs/${token}`, { method: "DELETE" });
