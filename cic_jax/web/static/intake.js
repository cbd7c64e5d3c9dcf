// Ways in: files or a folder chosen, dropped or pasted.

import { $, attempt } from "./dom.js";

// Calls `take` with [{ file, name }] and whether they come from a folder, where anything may lie.
export function onFiles(take) {
  const give = (files, folder = false) =>
    attempt(() => take([...files].map((file) => ({ file, name: file.name || "photograph" })), folder));

  for (const id of ["choose", "another"]) $(id).addEventListener("click", () => $("chooser").click());
  $("choose-folder").addEventListener("click", () => $("folder").click());
  for (const id of ["chooser", "folder"]) {
    $(id).addEventListener("change", () => {
      const files = [...$(id).files];
      $(id).value = ""; // so that the same file can be chosen again
      if (files.length > 0) give(files, id === "folder");
    });
  }
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length > 0) give(event.clipboardData.files);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
    const files = event.dataTransfer.files;
    if (!entries.some((entry) => entry?.isDirectory)) {
      if (files.length > 0) give(files);
      return;
    }
    attempt(async () => give((await Promise.all(entries.map(below))).flat(), true));
  });
}

// All files below an entry of a folder's window, in the order of their names.
async function below(entry) {
  if (entry === null) return [];
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const entries = [];
  for (let more; (more = await read(reader)).length > 0; ) entries.push(...more); // 100 at a time
  entries.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  const files = [];
  for (const one of entries) files.push(...(await below(one)));
  return files;
}

const read = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
