// Elements of the page.

export const $ = (id) => document.getElementById(id);

export function node(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Shows a blob in an image, which is hidden while it has none.
export function show(image, blob) {
  const before = image.src;
  if (blob) image.src = URL.createObjectURL(blob);
  else image.removeAttribute("src");
  image.hidden = !blob;
  if (before) URL.revokeObjectURL(before);
}

export function save(blob, name) {
  const link = node("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const LONGEST = 40; // characters of a name in a line

export const shortened = (name) =>
  name.length > LONGEST ? `${name.slice(0, LONGEST - 16)}…${name.slice(-15)}` : name;

export const say = (text) => ($("status").textContent = text);
export const complain = (text) => ($("error").textContent = text);

export async function attempt(task) {
  try {
    return await task();
  } catch (error) {
    if (error.name === "AbortError") return;
    say("");
    complain(error.message);
  }
}

// A task that is wanted again while it runs runs once more, with what is wanted then.
export function latest(task) {
  let wanted = false;
  let running = null;
  const run = async () => {
    while (wanted) {
      wanted = false;
      await attempt(task);
    }
    running = null;
  };
  return () => {
    wanted = true;
    return (running ??= run());
  };
}
