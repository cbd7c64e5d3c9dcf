// Alternative colourings, as in cic_jax/colorize/candidates.py.

import { logProbabilities } from "./segments.js";

const SPREAD = 0.5; // standard deviations of the network's doubt

// Logits of the alternative `number`, which is at least 1 and below their count; `doubt` is its own.
export function tilted({ logits, rows, columns }, { candidates, centers, pitch }, doubt, number) {
  const cells = rows * columns;
  const { variances, axes } = doubt;
  const angle = (2 * Math.PI * (number - 1)) / (candidates - 1);
  const along = [Math.cos(angle), Math.sin(angle)].map(
    (share, k) => (SPREAD * share) / Math.max(Math.sqrt(variances[k]), pitch),
  );
  const [a, b] = [0, 1].map((k) => along[0] * axes[0][k] + along[1] * axes[1][k]);
  const result = logits.slice();
  centers.forEach((center, q) => {
    const offset = a * center[0] + b * center[1];
    for (let k = q * cells; k < (q + 1) * cells; k += 1) result[k] += offset;
  });
  return result;
}

// Variances and axes of the mean covariance of all cells, greatest first.
export function doubtOf({ logits, bins, rows, columns }, { centers }) {
  const cells = rows * columns;
  const logP = logProbabilities(logits, bins, cells);
  const [meanA, meanB] = [new Float64Array(cells), new Float64Array(cells)];
  let [aa, ab, bb] = [0, 0, 0];
  centers.forEach(([a, b], q) => {
    for (let c = 0; c < cells; c += 1) {
      const p = Math.exp(logP[q * cells + c]);
      meanA[c] += p * a;
      meanB[c] += p * b;
      aa += p * a * a;
      ab += p * a * b;
      bb += p * b * b;
    }
  });
  for (let c = 0; c < cells; c += 1) {
    aa -= meanA[c] ** 2;
    ab -= meanA[c] * meanB[c];
    bb -= meanB[c] ** 2;
  }
  const [middle, apart] = [(aa + bb) / 2 / cells, Math.hypot((aa - bb) / 2, ab) / cells];
  const turn = Math.atan2(2 * ab, aa - bb) / 2;
  const axes = [
    [Math.cos(turn), Math.sin(turn)],
    [-Math.sin(turn), Math.cos(turn)],
  ].map(([a, b]) => (a + b < 0 ? [-a, -b] : [a, b])); // either sign would do
  return { variances: [middle + apart, Math.max(0, middle - apart)], axes };
}
