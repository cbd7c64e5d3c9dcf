// How far hints are heard, as in cic_jax/read_out/extent.py. Planes have `rows` x `columns` cells.

// Mixes the network's logits without hints and with them.
export function merge(without, answer, kept) {
  const cells = kept.length;
  return without.map((value, k) => value + kept[k % cells] * (answer[k] - value));
}

// Which share of the change from `before` to `after`, planes a and b, is kept in each cell. Hints
// have x and y from 0 to 1, and the colour `asked` for.
export function extent(before, after, rows, columns, hints, { moved: [low, high], near }) {
  const cells = rows * columns;
  const result = new Float32Array(cells);
  for (const { x, y, asked } of hints) {
    const own = cell(y, rows) * columns + cell(x, columns);
    const kept = new Float32Array(cells);
    for (let c = 0; c < cells; c += 1) {
      const [a, b] = [before[c], before[cells + c]];
      const [wayA, wayB] = [asked[0] - a, asked[1] - b];
      const gone = (after[c] - a) * wayA + (after[cells + c] - b) * wayB;
      const share = gone / Math.max(wayA ** 2 + wayB ** 2, near ** 2);
      const t = Math.min(1, Math.max(0, (share - low) / (high - low)));
      kept[c] = t * t * (3 - 2 * t);
    }
    kept[own] = 1;
    for (const c of joined(kept, own, rows, columns)) result[c] = Math.max(result[c], kept[c]);
  }
  return result;
}

const cell = (share, count) => Math.min(Math.floor(share * count), count - 1);

// The cells that are joined to `start` through cells of which more than half is kept.
function joined(kept, start, rows, columns) {
  const seen = new Set([start]);
  for (const c of seen) {
    const [i, j] = [Math.floor(c / columns), c % columns];
    const around = [];
    if (i > 0) around.push(c - columns);
    if (i < rows - 1) around.push(c + columns);
    if (j > 0) around.push(c - 1);
    if (j < columns - 1) around.push(c + 1);
    for (const other of around) if (kept[other] > 0.5) seen.add(other);
  }
  return seen;
}
