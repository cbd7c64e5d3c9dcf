// Words for colours, by their place in CIELAB.

const GREY = 9; // chroma below which a colour has no hue to name
const HUES = [ // hue in degrees up to which a name holds, and its name when it is dark
  [12, "pink", "wine red"], [40, "red", "dark red"], [68, "orange", "brown"],
  [86, "amber", "brown"], [105, "yellow", "olive"], [135, "yellow-green", "olive"],
  [175, "green", "dark green"], [215, "teal", "dark teal"], [255, "sky blue", "petrol"],
  [300, "blue", "dark blue"], [330, "purple", "dark purple"], [352, "magenta", "plum"],
  [361, "pink", "wine red"],
];

export function word(lightness, a, b) {
  const chroma = Math.hypot(a, b);
  if (chroma < GREY) return lightness > 88 ? "white" : lightness < 15 ? "black" : "grey";
  const hue = ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;
  const [, bright, dark] = HUES.find(([end]) => hue < end);
  if (lightness < 45) return dark;
  const pale = chroma < 25;
  if (pale && hue > 40 && hue < 105) return "beige";
  return pale ? `pale ${bright}` : bright;
}

// The colours that a distribution holds possible, by name, likeliest first: each has its share and
// its likeliest bin [a, b, probability, colour].
export function named({ lightness, bins }) {
  const groups = new Map();
  for (const bin of bins) {
    const name = word(lightness, bin[0], bin[1]);
    const group = groups.get(name) ?? { name, share: 0, bin };
    group.share += bin[2];
    if (bin[2] > group.bin[2]) group.bin = bin;
    groups.set(name, group);
  }
  return [...groups.values()].sort((one, other) => other.share - one.share);
}

export function percent(share) {
  const value = 100 * share;
  return value < 1 ? "below 1\u00a0%" : `${Math.round(value)}\u00a0%`;
}
