// An archive of files that are compressed already (ZIP, PKWARE's APPNOTE 6.3.10, method "stored").

const VERSION = 20; // that is needed to unpack
const UTF8 = 0x0800; // names are in UTF-8
const LARGEST = 2 ** 32 - 1; // bytes of the archive
const CRC = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

// Packs pairs of a name and a Blob.
export async function zip(files) {
  const parts = [];
  const directory = [];
  let size = 0;
  for (const [name, blob] of files) {
    const bytes = new TextEncoder().encode(name);
    const about = [
      [VERSION, 2], [UTF8, 2], [0, 2], ...now(), [await checksum(blob), 4],
      [blob.size, 4], [blob.size, 4], [bytes.length, 2], [0, 2],
    ];
    directory.push(
      record([[0x02014b50, 4], [VERSION, 2], ...about, [0, 2], [0, 2], [0, 2], [0, 4], [size, 4]]),
      bytes,
    );
    parts.push(record([[0x04034b50, 4], ...about]), bytes, blob);
    size += 30 + bytes.length + blob.size;
  }
  if (size > LARGEST) throw new Error("the photographs together are more than a ZIP holds: 4 GB");
  const listed = directory.reduce((sum, part) => sum + part.length, 0);
  const count = files.length;
  const end = [[0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [listed, 4], [size, 4], [0, 2]];
  return new Blob([...parts, ...directory, record(end)], { type: "application/zip" });
}

// Numbers with their widths in bytes, little-endian.
function record(fields) {
  const bytes = [];
  for (const [value, width] of fields) {
    for (let k = 0; k < width; k += 1) bytes.push(Math.floor(value / 256 ** k) & 0xff);
  }
  return Uint8Array.from(bytes);
}

// Time and date as MS-DOS has them.
function now() {
  const date = new Date();
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return [[time, 2], [day, 2]];
}

async function checksum(blob) {
  let crc = 0xffffffff;
  for (const byte of new Uint8Array(await blob.arrayBuffer())) {
    crc = CRC[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
