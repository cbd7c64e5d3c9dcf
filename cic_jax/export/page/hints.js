// The colours that the user has given to places of the open photograph, oldest first.

const $ = (id) => document.getElementById(id);
let given = [];
let changed = () => {};

export const onChange = (listener) => (changed = listener);

// Shows the hints of the photograph that is opened; they have x and y from 0 to 1, a and b in CIELAB
// units, and the colour as it is shown.
export function show(hints) {
  given = hints;
  $("hinting").hidden = given.length === 0;
  $("marks").replaceChildren(...given.map(mark));
  $("hints").replaceChildren(...given.map(entry));
}

export function add(hint) {
  update([...given.filter((one) => one.x !== hint.x || one.y !== hint.y), hint]);
}

function update(next) {
  show(next);
  changed(given);
}

function mark({ x, y, fill }) {
  const node = document.createElement("i");
  node.style.setProperty("--x", `${100 * x}%`);
  node.style.setProperty("--y", `${100 * y}%`);
  node.style.background = fill;
  return node;
}

function entry(hint, index) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const name = `Colour ${index + 1}: ${hint.fill}`;
  button.type = "button";
  button.style.setProperty("--fill", hint.fill);
  button.textContent = "\u00d7";
  button.title = `${name}. Remove it`;
  button.setAttribute("aria-label", `Remove ${name.toLowerCase()}`);
  button.addEventListener("click", () => update(given.filter((one) => one !== hint)));
  item.append(button);
  return item;
}

const undo = () => given.length > 0 && update(given.slice(0, -1));

$("undo").addEventListener("click", undo);
$("clear").addEventListener("click", () => update([]));
document.addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
  event.preventDefault();
  undo();
});
