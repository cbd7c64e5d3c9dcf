// A ZIP of files that are stored as they are: photographs are compressed already.

const MOST = 2 ** 32 - 1; // bytes of a ZIP without its extensions
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k += 1) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

async function crc(blob) {
  let sum = ~0;
  const reader = blob.stream().getReader();
  for (let part; !(part = await reader.read()).done; ) {
    for (const byte of part.value) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  }
  return ~sum >>> 0;
}

// Little-endian fields: [bytes, value].
function fields(...pairs) {
  const bytes = [];
  for (const [length, value] of pairs) {
    for (let k = 0; k < length; k += 1) bytes.push(Math.floor(value / 256 ** k) % 256);
  }
  return Uint8Array.from(bytes);
}

function stamp(date) {
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return [[2, time], [2, day]];
}

// The same name twice gets a number.
function unique(name, taken) {
  const [, stem, suffix] = /^(.*?)(\.[^.]*)?$/s.exec(name);
  let free = name;
  for (let k = 2; taken.has(free.toLowerCase()); k += 1) free = `${stem}-${k}${suffix ?? ""}`;
  taken.add(free.toLowerCase());
  return free;
}

// `files` are { name, blob }.
export async function zip(files) {
  const parts = [];
  const directory = [];
  const taken = new Set();
  const when = stamp(new Date());
  let offset = 0;
  for (const { name, blob } of files) {
    const path = new TextEncoder().encode(unique(name, taken));
    const about = [
      [2, 20], [2, 0x800], [2, 0], ...when, [4, await crc(blob)], [4, blob.size], [4, blob.size],
      [2, path.length], [2, 0],
    ];
    parts.push(fields([4, 0x04034b50], ...about), path, blob);
    const entry = fields([4, 0x02014b50], [2, 20], ...about, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]);
    directory.push(entry, path);
    offset += 30 + path.length + blob.size;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  if (offset + size > MOST) throw new Error("more than 4 GiB: save the photographs one by one");
  const count = files.length;
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
