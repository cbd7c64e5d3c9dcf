// One thing, one colour, as in cic_jax/read_out/unify.py: cells of a segment share what the network
// makes of each. Logits have a plane of `rows` x `columns` cells for every bin.

// Mixes log-probabilities with their mean over the segment.
export function pool({ logits, bins, rows, columns }, means, strength, constants) {
  if (strength === 0) return logits;
  const cells = rows * columns;
  const own = logProbabilities(logits, bins, cells);
  const labels = segments(own, bins, rows, columns, means, constants);
  const mixed = new Float32Array(own.length);
  const counts = new Float64Array(cells);
  for (const label of labels) counts[label] += 1;
  for (let q = 0; q < bins; q += 1) {
    const sums = new Float64Array(cells);
    for (let c = 0; c < cells; c += 1) sums[labels[c]] += own[q * cells + c];
    for (let c = 0; c < cells; c += 1) {
      const value = own[q * cells + c];
      mixed[q * cells + c] = value + strength * (sums[labels[c]] / counts[labels[c]] - value);
    }
  }
  return mixed;
}

export function logProbabilities(logits, bins, cells) {
  const largest = new Float64Array(cells).fill(-Infinity);
  const sums = new Float64Array(cells);
  const result = new Float32Array(logits.length);
  const each = (act) => {
    for (let k = 0; k < logits.length; ) for (let c = 0; c < cells; c += 1, k += 1) act(k, c);
  };
  each((k, c) => {
    if (logits[k] > largest[c]) largest[c] = logits[k];
  });
  each((k, c) => (sums[c] += Math.exp(logits[k] - largest[c])));
  const totals = sums.map((sum, c) => largest[c] + Math.log(sum));
  each((k, c) => (result[k] = logits[k] - totals[c]));
  return result;
}

// The segment of every cell: neighbouring cells of like distribution and lightness.
function segments(own, bins, rows, columns, means, constants) {
  const cells = rows * columns;
  const roots = new Float32Array(own.length); // a row of bins for every cell
  for (let c = 0; c < cells; c += 1) {
    for (let q = 0; q < bins; q += 1) roots[c * bins + q] = Math.exp(own[q * cells + c] / 2);
  }
  const axes = principalAxes(roots, bins, constants);
  const size = axes.length + 1;
  const features = new Float64Array(cells * size);
  for (let c = 0; c < cells; c += 1) {
    axes.forEach((axis, k) => (features[c * size + k] = dot(roots, c * bins, axis)));
    features[c * size + size - 1] = (constants.lightness * means[c]) / 100;
  }
  return felzenszwalb(features, size, rows, columns, constants);
}

function dot(values, start, axis) {
  let sum = 0;
  for (let q = 0; q < axis.length; q += 1) sum += values[start + q] * axis[q];
  return sum;
}

// Finds the principal axes of some rows by orthogonal iteration.
function principalAxes(roots, bins, { first_axes: first, rounds, sampled }) {
  const cells = roots.length / bins;
  const mean = new Float64Array(bins);
  for (let c = 0; c < cells; c += 1) {
    for (let q = 0; q < bins; q += 1) mean[q] += roots[c * bins + q] / cells;
  }
  const some = [];
  for (let c = 0; c < cells; c += sampled) {
    some.push(Float64Array.from(mean, (value, q) => roots[c * bins + q] - value));
  }
  let axes = first;
  for (let round = 0; round < rounds; round += 1) {
    axes = axes.map((axis) => {
      const result = new Float64Array(bins);
      for (const row of some) {
        const along = dot(row, 0, axis);
        for (let q = 0; q < bins; q += 1) result[q] += along * row[q];
      }
      return result;
    });
    orthogonalise(axes);
  }
  return axes;
}

function orthogonalise(axes) {
  axes.forEach((axis, k) => {
    for (const other of axes.slice(0, k)) {
      const along = dot(axis, 0, other);
      for (let q = 0; q < axis.length; q += 1) axis[q] -= along * other[q];
    }
    const length = Math.sqrt(dot(axis, 0, axis)) || 1;
    for (let q = 0; q < axis.length; q += 1) axis[q] /= length;
  });
}

// Felzenszwalb and Huttenlocher, "Efficient graph-based image segmentation", IJCV 2004, in the form
// of scikit-image.
function felzenszwalb(features, size, rows, columns, { scale, smallest }) {
  const edges = neighbours(features, size, rows, columns);
  const parent = Int32Array.from({ length: rows * columns }, (_, c) => c);
  const members = new Int32Array(rows * columns).fill(1);
  const inner = new Float64Array(rows * columns);

  function root(c) {
    while (parent[c] !== c) {
      parent[c] = parent[parent[c]];
      c = parent[c];
    }
    return c;
  }

  function join(one, other, cost) {
    const [keep, drop] = one < other ? [one, other] : [other, one];
    parent[drop] = keep;
    members[keep] += members[drop];
    inner[keep] = cost;
  }

  for (const { from, to, cost } of edges) {
    const [one, other] = [root(from), root(to)];
    if (one === other) continue;
    const most = Math.min(
      inner[one] + scale / members[one], inner[other] + scale / members[other],
    );
    if (cost < most) join(one, other, cost);
  }
  for (const { from, to, cost } of edges) {
    const [one, other] = [root(from), root(to)];
    if (one !== other && Math.min(members[one], members[other]) < smallest) join(one, other, cost);
  }
  return parent.map((_, c) => root(c));
}

// Pairs of neighbouring cells, eight to a cell, by increasing distance of their features.
function neighbours(features, size, rows, columns) {
  const edges = [];
  for (const [down, right] of [[0, 1], [1, 0], [1, 1], [1, -1]]) {
    for (let i = 0; i + down < rows; i += 1) {
      for (let j = Math.max(0, -right); j + Math.max(0, right) < columns; j += 1) {
        const [from, to] = [i * columns + j, (i + down) * columns + j + right];
        let squares = 0;
        for (let k = 0; k < size; k += 1) {
          squares += (features[from * size + k] - features[to * size + k]) ** 2;
        }
        edges.push({ from, to, cost: Math.sqrt(squares) });
      }
    }
  }
  return edges.sort((one, other) => one.cost - other.cost);
}
