// What the page knows, and how it says what happens.

export const $ = (id) => document.getElementById(id);

export const state = {
  about: null, // the model and what runs it
  entries: [], // the files taken, each with the hints given to it
  entry: null, // the one that is open
  point: null, // the chosen pixel, x and y from 0 to 1
  defaults: { tau: 0, unify: 0, candidate: 0 }, // the model's own, once they are known
  readOut: { tau: 0, unify: 0, candidate: 0 },
};

export const wanted = (entry = state.entry) => ({ ...state.readOut, hints: entry.hints });

export const say = (text) => ($("status").textContent = text);
export const complain = (text) => ($("error").textContent = text);

export async function attempt(task) {
  try {
    await task();
  } catch (error) {
    say("");
    complain(error.message);
  }
}

// A task that is wanted again while it runs runs once more, with what is wanted then.
export function latest(task) {
  let asked = false;
  let running = false;
  return async () => {
    asked = true;
    if (running) return;
    running = true;
    while (asked) {
      asked = false;
      await attempt(task);
    }
    running = false;
  };
}

export function show(image, blob) {
  const before = image.src;
  image.src = URL.createObjectURL(blob);
  if (before) URL.revokeObjectURL(before);
}
