// A photograph in the colours of a smaller copy, as in cic_jax/colorize/paint.py.

// Colours RGBA pixels in place. `ab` has planes a and b of `rows` x `columns` samples.
export function paint({ data, height, width }, { ab, rows, columns }, colour) {
  const samples = rows * columns;
  const across = places(width, columns);
  const lines = [new Float32Array(columns), new Float32Array(columns)];
  const grey = Float32Array.from({ length: 256 }, (_, v) => colour.lightness(v, v, v));
  places(height, rows).forEach(({ before, after, share }, y) => {
    lines.forEach((line, plane) => {
      const start = plane * samples;
      for (let x = 0; x < columns; x += 1) {
        const above = ab[start + before * columns + x];
        line[x] = above + share * (ab[start + after * columns + x] - above);
      }
    });
    const [lineA, lineB] = lines;
    for (let x = 0, at = 4 * y * width; x < width; x += 1, at += 4) {
      const place = across[x];
      const [a, b] = [lineA[place.before], lineB[place.before]];
      const [r, g, v] = [data[at], data[at + 1], data[at + 2]];
      const L = r === g && g === v ? grey[r] : colour.lightness(r, g, v);
      colour.write(
        data, at, L,
        a + place.share * (lineA[place.after] - a),
        b + place.share * (lineB[place.after] - b),
      );
    }
  });
}

// Makes pixels grey in place, of the same lightness.
export function unpaint({ data }, colour) {
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
    if (r !== g || g !== b) colour.write(data, at, colour.lightness(r, g, b), 0, 0);
  }
}

// For each pixel the two samples that it lies between, and its share of the second.
function places(pixels, samples) {
  const scale = pixels / samples;
  return Array.from({ length: pixels }, (_, k) => {
    const place = Math.min(samples - 1, Math.max(0, (k + 0.5) / scale - 0.5));
    const before = Math.floor(place);
    return { before, after: Math.min(before + 1, samples - 1), share: place - before };
  });
}
