// Reading photographs with the browser's own decoders, and writing them.

const QUALITY = 0.95; // of a JPEG that is saved
const PREVIEW_QUALITY = 0.9;
const READ = "JPEG, PNG, WebP, AVIF, GIF, BMP";
const TYPES = { jpeg: "image/jpeg", png: "image/png" };

// The pixels of a file as RGBA, turned as its EXIF says and converted to sRGB.
export async function decode(file, name) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(`${name}: no photograph of a kind that this browser reads (${READ})`);
  }
  const { width, height } = bitmap;
  try {
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, width, height);
  } catch {
    throw new Error(`${name}: ${width} × ${height} pixels are more than this browser draws`);
  } finally {
    bitmap.close();
  }
}

// Encodes RGBA pixels; `format` is jpeg or png.
export function encode({ data, width, height }, format, preview = false) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  const quality = preview ? PREVIEW_QUALITY : QUALITY;
  return canvas.convertToBlob({ type: TYPES[format], quality });
}

export function isColoured({ data }) {
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > 16) return true;
  }
  return false;
}

export function isTransparent({ data }) {
  for (let at = 3; at < data.length; at += 4) if (data[at] < 255) return true;
  return false;
}

export const copy = ({ data, width, height }) => ({ data: data.slice(), width, height });
