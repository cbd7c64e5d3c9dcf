// sRGB and CIELAB, as in cic_jax/lab.py and cic_jax/read_out/gamut.py, whose constants the page is told.

const LEVELS = 2 ** 16; // of linear light, by which 8-bit values are looked up

export function converter({ lab, gamut }) {
  const { epsilon, slope, offset } = lab;
  const [toX, toY, toZ] = lab.xyz_from_rgb;
  const [toR, toG, toB] = lab.rgb_from_xyz;
  const knee = Math.cbrt(epsilon);
  const [low, high] = [-gamut.slack, 1 + gamut.slack];
  const linear = Float64Array.from({ length: 256 }, (_, level) => linearise(level / 255));
  const levels = Uint8Array.from({ length: LEVELS + 1 }, (_, k) =>
    Math.round(255 * delinearise(k / LEVELS)),
  );
  const light = new Float64Array(3);

  const f = (t) => (t > epsilon ? Math.cbrt(t) : slope * t + offset);
  const inverse = (y) => (y > knee ? y * y * y : (y - offset) / slope);
  const level = (v) => levels[v <= 0 ? 0 : v >= 1 ? LEVELS : (v * LEVELS + 0.5) | 0];

  // Writes linear red, green and blue to `light`, and tells whether sRGB shows them.
  function shows(L, a, b) {
    const fy = (L + 16) / 116;
    const [x, y, z] = [inverse(fy + a / 500), inverse(fy), inverse(fy - b / 200)];
    const red = toR[0] * x + toR[1] * y + toR[2] * z;
    const green = toG[0] * x + toG[1] * y + toG[2] * z;
    const blue = toB[0] * x + toB[1] * y + toB[2] * z;
    light[0] = red;
    light[1] = green;
    light[2] = blue;
    return (
      red >= low && red <= high && green >= low && green <= high && blue >= low && blue <= high
    );
  }

  // The largest factor of a and b, up to 1, with which sRGB shows them at lightness L.
  function reach(L, a, b) {
    if (shows(L, a, b)) return 1;
    let factor = 0;
    for (let step = 1; step <= gamut.steps; step += 1) {
      const larger = factor + 0.5 ** step;
      if (shows(L, larger * a, larger * b)) factor = larger;
    }
    return factor;
  }

  const luminance = (r, g, b) => toY[0] * linear[r] + toY[1] * linear[g] + toY[2] * linear[b];

  return {
    reach,
    lightness: (r, g, b) => 116 * f(luminance(r, g, b)) - 16,
    // a and b of an 8-bit colour.
    ab(r, g, b) {
      const [x, y, z] = [toX, toY, toZ].map((row) =>
        f(row[0] * linear[r] + row[1] * linear[g] + row[2] * linear[b]),
      );
      return [500 * (x - y), 200 * (y - z)];
    },
    // Writes an 8-bit colour to `pixels` at `at`; chroma is lost where sRGB cannot show it.
    write(pixels, at, L, a, b) {
      if (!shows(L, a, b)) {
        const factor = reach(L, a, b);
        shows(L, factor * a, factor * b);
      }
      pixels[at] = level(light[0]);
      pixels[at + 1] = level(light[1]);
      pixels[at + 2] = level(light[2]);
    },
  };
}

function linearise(value) {
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
}

function delinearise(value) {
  return value > 0.0031308 ? 1.055 * value ** (1 / 2.4) - 0.055 : 12.92 * value;
}
