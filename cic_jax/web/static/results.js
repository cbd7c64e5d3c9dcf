// What is taken home: the file, a copy, a comparison, a ZIP of all.

import * as album from "./album.js";
import { $, attempt, complain, node, save, say } from "./dom.js";
import * as stage from "./stage.js";
import { zip } from "./zip.js";

const GAP = 8; // pixels between the halves of a comparison
const CAPTION = 0.03; // height of its text, as a share of the picture's longer side
const QUALITY = 0.92; // of JPEG

// While `task` runs its button cannot be pressed again.
function on(id, text, task) {
  $(id).addEventListener("click", () =>
    attempt(async () => {
      complain("");
      say(text);
      $(id).disabled = true;
      try {
        say(await task());
      } finally {
        $(id).disabled = false;
      }
    }),
  );
}

export function start(model) {
  on("download", "Colouring at full size …", async () => {
    const { name, blob } = await album.result(stage.current());
    save(blob, name);
    return `${name} is saved.`;
  });
  on("copy", "Copying …", async () => {
    const item = stage.current();
    const drawn = async () => {
      const bitmap = await stage.pixels(item, album.readOut(item.settings));
      return encoded(canvasOf(bitmap.width, bitmap.height, (c) => c.drawImage(bitmap, 0, 0)), "image/png");
    };
    await navigator.clipboard.write([new ClipboardItem({ "image/png": drawn() })]);
    return "The picture is copied.";
  });
  $("copy").hidden = !globalThis.ClipboardItem || !navigator.clipboard; // not without HTTPS
  on("compare", "Drawing before and after …", async () => {
    const item = stage.current();
    const blob = await comparison(item, model);
    const name = `${item.name.replace(/\.[^.]*$/, "")}-comparison.jpg`;
    save(blob, name);
    return `${name} is saved.`;
  });
  on("zip", "Gathering the photographs …", async () => {
    const done = album.items.filter((item) => item.state === "done");
    const files = [];
    for (const item of done) {
      say(`Gathering ${files.length + 1} of ${done.length} …`);
      files.push(await album.result(item));
    }
    save(await zip(files), "coloured.zip");
    return `${done.length} photographs are saved in coloured.zip.`;
  });
}

function canvasOf(width, height, draw) {
  const canvas = node("canvas", { width, height });
  draw(canvas.getContext("2d"));
  return canvas;
}

const encoded = (canvas, kind) =>
  new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("too large for this browser to draw"))),
      kind,
      QUALITY,
    ),
  );

// Before and after beside each other, or one above the other where the photograph is wide, with a
// line that says what is invented.
async function comparison(item, model) {
  const before = await stage.pixels(item, { saturation: 0 });
  const after = await stage.pixels(item, album.readOut(item.settings));
  const { width: w, height: h } = after;
  const beside = w <= 1.5 * h;
  const [x, y] = beside ? [w + GAP, 0] : [0, h + GAP];
  const text = Math.max(12, Math.round(CAPTION * Math.max(w, h)));
  const canvas = canvasOf(w + x, h + y + 2 * text, (context) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, w + x, h + y + 2 * text);
    context.drawImage(before, 0, 0);
    context.drawImage(after, x, y);
    context.fillStyle = "#222";
    context.font = `${text}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.fillText(`The colours are invented, by ${model}.`, text / 2, h + y + text, w + x - text);
  });
  return encoded(canvas, "image/jpeg");
}
