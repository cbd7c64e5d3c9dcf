// The photographs that are open, and their colouring one after the other.
//
// A photograph is { id, name, file, at, alone, settings, past, future, state, reason, photograph,
// thumb, result }: `state` is waiting, colouring, done, failed or stopped; `photograph` is what the
// server said of it, with the looking size; `result` the file to save with the settings it is for.

import * as kept from "./kept.js";
import * as server from "./server.js";

const THUMBNAIL = 256; // pixels of the long side

export const items = [];
const listeners = [];
let work = null; // { item, controller } while one is coloured
let lasting = true;

export const onChange = (listener) => listeners.push(listener);
const changed = (item, what) => listeners.forEach((listener) => listener(item, what));
export const working = () => work?.item ?? null;

export const key = ({ tau, unify, candidate, size, hints }) =>
  JSON.stringify([tau, unify, candidate, size, hints.map(({ x, y, a, b }) => [x, y, a, b])]);

const short = (number) => String(Math.round(number * 1e4) / 1e4);

// The settings as the server is told them.
export function readOut({ tau, unify, candidate, hints }) {
  const told = hints.map(({ x, y, a, b }) => [x, y, a, b].map(short).join(",")).join(";");
  return { tau, unify, candidate, hints: told };
}

// Keeps what has changed; without room for it the page goes on, and says once what a reload loses.
export async function keep(item) {
  const { file, result, ...rest } = item;
  try {
    await kept.put("items", item.id, rest);
  } catch {
    full();
  }
}

function full() {
  if (lasting) changed(null, "full");
  lasting = false;
}

export async function restore() {
  lasting = await kept.open();
  items.push(...(await kept.all()));
  for (const item of items) if (item.state === "colouring") item.state = "waiting";
  items.forEach((item) => changed(item, "added"));
  return lasting;
}

export async function add(file, name, settings, alone) {
  const id = Math.max(Date.now(), (items.at(-1)?.id ?? 0) + 1);
  const item = {
    id, name, file, alone, at: Date.now(), settings: { ...settings, candidate: 0, hints: [] },
    past: [], future: [], state: "waiting", reason: "", photograph: null, thumb: null, result: null,
  };
  items.push(item);
  changed(item, "added");
  try {
    await kept.put("files", id, file);
  } catch {
    full();
  }
  await keep(item);
  return item;
}

export function remove(item) {
  const at = items.indexOf(item);
  if (at < 0) return;
  items.splice(at, 1);
  if (work?.item === item) work.controller.abort();
  if (item.photograph) server.forget(item.photograph.token).catch(() => {}); // it forgets in time
  kept.remove(item.id).catch(full);
  changed(item, "removed");
}

// Calls `task` with a token by which the server holds the photograph, sent again if it has been
// forgotten there, or looked at in another size.
export async function ask(item, task, options = {}) {
  for (const last of [false, true]) {
    if (item.photograph?.size !== item.settings.size) await send(item, options);
    try {
      return await task(item.photograph.token);
    } catch (error) {
      if (error.status !== 404 || last) throw error;
      item.photograph = null;
    }
  }
}

const sending = new WeakMap(); // so that several questions send a photograph once

function send(item, options) {
  if (!sending.has(item)) {
    const sent = sendNow(item, options).finally(() => sending.delete(item));
    sending.set(item, sent);
  }
  return sending.get(item);
}

async function sendNow(item, options) {
  const { size } = item.settings;
  const before = item.photograph?.token;
  const found = await server.open(item.file, item.name, size, options);
  item.photograph = { ...found, size };
  if (before) server.forget(before).catch(() => {}); // it forgets in time
  await keep(item);
  changed(item, "sent");
}

// The file to save, coloured anew if the settings are no longer those it was made with.
export async function result(item, signal) {
  const { settings } = item;
  if (item.result?.key !== key(settings)) {
    const task = (token) => server.file(token, readOut(settings), signal);
    item.result = { ...(await ask(item, task, { signal })), key: key(settings) };
    await kept.put("results", item.id, item.result).catch(full);
  }
  return item.result;
}

export async function thumbnail(item, signal) {
  const values = { ...readOut(item.settings), longest: THUMBNAIL };
  item.thumb = await ask(item, (token) => server.picture(token, values, signal), { signal });
  await keep(item);
  changed(item, "thumb");
}

// Colours all that wait, `first` before the others.
export async function run(first = () => null) {
  if (work) return;
  for (let item; (item = next(first())); ) {
    const controller = new AbortController();
    work = { item, controller };
    await colour(item, controller.signal);
    work = null;
  }
  changed(null, "rest");
}

const next = (first) =>
  first?.state === "waiting" ? first : items.find((item) => item.state === "waiting");

async function colour(item, signal) {
  const start = performance.now();
  const progress = (part) => changed(item, { sent: part });
  become(item, "colouring");
  try {
    await ask(item, async () => {}, { signal, progress });
    await thumbnail(item, signal);
    if (!item.alone) await result(item, signal);
    item.seconds = (performance.now() - start) / 1000;
    become(item, "done");
  } catch (error) {
    item.reason = error.name === "AbortError" ? "" : error.message;
    become(item, error.name === "AbortError" ? "stopped" : "failed");
  }
}

function become(item, state) {
  item.state = state;
  if (items.includes(item)) keep(item);
  changed(item, state);
}

// Ends what is coloured now and lets nothing begin.
export function stop() {
  items.filter((item) => item.state === "waiting").forEach((item) => become(item, "stopped"));
  work?.controller.abort();
}

export function again() {
  const ended = items.filter((item) => ["stopped", "failed"].includes(item.state));
  ended.forEach((item) => become(item, "waiting"));
}
