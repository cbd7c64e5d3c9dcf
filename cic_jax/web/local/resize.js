// Resampling as Pillow's BICUBIC does it, antialiased, in its whole numbers: 8 bits after either pass.

const ONE = 2 ** 22; // the weight 1
const SUPPORT = 2; // of the cubic, to either side

// Height and width with a short side of `size`, as in cic_jax/images/resize.py.
export function workingSize(height, width, { size, longest }) {
  const scale = Math.min(
    size / Math.min(height, width),
    (longest * size) / Math.max(height, width),
  );
  return [height, width].map((side) => Math.max(1, even(side * scale)));
}

// Rounds as Python does, halves to the even number.
function even(value) {
  const up = Math.round(value);
  return up - value === 0.5 && up % 2 ? up - 1 : up;
}

// `pixels` are RGBA; the result too.
export function reduce({ data, height, width }, [rows, columns]) {
  const across = taps(width, columns);
  const narrow = new Uint8ClampedArray(4 * height * columns);
  for (let y = 0; y < height; y += 1) {
    pass(data, 4 * y * width, 4, narrow, 4 * y * columns, 4, across);
  }
  const down = taps(height, rows);
  const result = new Uint8ClampedArray(4 * rows * columns);
  for (let x = 0; x < columns; x += 1) {
    pass(narrow, 4 * x, 4 * columns, result, 4 * x, 4 * columns, down);
  }
  return { data: result, height: rows, width: columns };
}

function pass(from, start, step, to, begin, stride, weights) {
  for (let k = 0; k < weights.length; k += 1) {
    const { first, values } = weights[k];
    const last = begin + stride * k;
    for (let channel = 0; channel < 4; channel += 1) {
      let sum = ONE / 2;
      for (let i = 0, at = start + step * first + channel; i < values.length; i += 1, at += step) {
        sum += values[i] * from[at];
      }
      to[last + channel] = Math.floor(sum / ONE);
    }
  }
}

// For each sample of the result: the first that it is made of, and their weights.
function taps(from, to) {
  const scale = from / to;
  const wide = Math.max(scale, 1);
  return Array.from({ length: to }, (_, k) => {
    const middle = (k + 0.5) * scale;
    const first = Math.max(0, Math.trunc(middle - SUPPORT * wide + 0.5));
    const end = Math.min(from, Math.trunc(middle + SUPPORT * wide + 0.5));
    const values = Float64Array.from({ length: end - first }, (_, i) =>
      cubic((first + i - middle + 0.5) / wide),
    );
    const total = values.reduce((sum, value) => sum + value, 0);
    return { first, values: values.map((value) => rounded((value / total) * ONE)) };
  });
}

// Rounds halves away from 0.
const rounded = (value) => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);

function cubic(distance) {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}
