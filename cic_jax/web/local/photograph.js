// Reading photographs with the browser's own decoders, and writing them.

const QUALITY = 0.95; // of a JPEG that is saved
const PREVIEW_QUALITY = 0.9;
// The formats that browsers read, by their first bytes, from an offset on.
const FORMATS = [
  ["JPEG", 0, "\xff\xd8\xff"], ["PNG", 0, "\x89PNG"], ["GIF", 0, "GIF8"], ["BMP", 0, "BM"],
  ["WEBP", 8, "WEBP"], ["AVIF", 4, "ftypavif"],
];
const WRITTEN = { JPEG: { type: "image/jpeg", suffix: ".jpg" }, PNG: { type: "image/png", suffix: ".png" } };

// The pixels of a file as RGBA, turned as its EXIF says and converted to sRGB; its format, and that
// in which it is written.
export async function decode(file, name) {
  const format = await formatOf(file);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    const read = FORMATS.map(([known]) => known).join(", ");
    throw new Error(`${name}: no photograph of a kind that this browser reads (${read})`);
  }
  const { width, height } = bitmap;
  try {
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, width, height);
    return { pixels, format, written: format === "JPEG" ? "JPEG" : "PNG" };
  } catch {
    throw new Error(`${name}: ${width} × ${height} pixels are more than this browser draws`);
  } finally {
    bitmap.close();
  }
}

async function formatOf(file) {
  const bytes = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  const begins = String.fromCharCode(...bytes);
  return FORMATS.find(([, at, mark]) => begins.startsWith(mark, at))?.[0] ?? "another format";
}

// Encodes RGBA pixels in a format of `WRITTEN`.
export function encode({ data, width, height }, format, quality = QUALITY) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  return canvas.convertToBlob({ type: WRITTEN[format].type, quality });
}

export const preview = (pixels) => encode(pixels, "JPEG", PREVIEW_QUALITY);

// The name to save a photograph by.
export const nameFor = (name, format) =>
  `${name.replace(/\.[^.]*$/, "")}-colour${WRITTEN[format].suffix}`;

export function isColoured({ data }) {
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > 16) return true;
  }
  return false;
}

export const copy = ({ data, width, height }) => ({ data: data.slice(), width, height });
