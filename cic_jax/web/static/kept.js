// What the browser keeps of the list, so that a reload loses nothing: in IndexedDB, for a day.

const DAY = 24 * 3600_000; // milliseconds
const STORES = ["items", "files", "results"]; // of each photograph by its number
let database = null; // null where the browser keeps nothing

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

const store = (name, mode) => database.transaction(name, mode).objectStore(name);

// Returns whether anything can be kept.
export async function open() {
  try {
    const request = indexedDB.open("photographs", 1);
    request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
    database = await done(request);
  } catch {
    database = null;
  }
  return database !== null;
}

export async function put(name, id, value) {
  if (database) await done(store(name, "readwrite").put(value, id));
}

export async function remove(id) {
  if (!database) return;
  await Promise.all(STORES.map((name) => done(store(name, "readwrite").delete(id))));
}

// All photographs of the last day, oldest first; older ones are removed.
export async function all() {
  if (!database) return [];
  const items = await done(store("items", "readonly").getAll());
  const found = [];
  for (const item of items.sort((one, other) => one.id - other.id)) {
    const file = await done(store("files", "readonly").get(item.id));
    if (!file || Date.now() - item.at > DAY) await remove(item.id);
    else {
      const result = await done(store("results", "readonly").get(item.id));
      found.push({ ...item, file, result: result ?? null });
    }
  }
  return found;
}
