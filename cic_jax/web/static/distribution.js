// A pixel's predicted distribution over the ab plane: a disc per bin, its area the probability.

const LARGEST = 42; // radius of a disc of probability 1, in units of ab
const PITCH = 10; // between bins
const DOT = 1.4; // radius of what marks the place of every bin

export function draw(svg, { lightness, bins, read_out: [a, b] }) {
  svg.dataset.tone = lightness > 70 ? "light" : lightness < 35 ? "dark" : "middle";
  const axes = [
    element("line", { x1: -120, x2: 120, class: "axis" }),
    element("line", { y1: -120, y2: 120, class: "axis" }),
    label(112, -5, "red", "end"),
    label(-112, -5, "green", "start"),
    label(5, -112, "yellow", "start"),
    label(5, 118, "blue", "start"),
  ];
  const dots = bins.map(([x, y, , fill]) => disc(x, y, DOT, fill));
  const discs = bins
    .toSorted((one, other) => other[2] - one[2]) // small ones above large ones
    .map(([x, y, p, fill]) => disc(x, y, LARGEST * Math.sqrt(p), fill, { "data-p": p }));
  const marks = [0, 1].map(() => disc(a, b, 6, "none", { class: "mark" }));
  const group = element("g", {});
  group.append(...marks);
  const chosen = element("g", {});
  chosen.append(...[0, 1].map(() => disc(0, 0, 4, "none", { class: "mark chosen" })));
  svg.replaceChildren(...axes, ...dots, ...discs, group, chosen);
  svg.bins = bins;
  choose(svg, nearest(svg, a, b));
}

export function describe({ lightness, bins, read_out: [a, b] }) {
  const best = bins.reduce((one, other) => (other[2] > one[2] ? other : one));
  const percent = (100 * best[2]).toFixed(best[2] < 0.1 ? 1 : 0);
  return (
    `Lightness ${lightness.toFixed(0)}. Most likely: a ${whole(best[0])}, b ${whole(best[1])}, ` +
    `${percent}\u00a0%. Read out (ring): a ${whole(a)}, b ${whole(b)}.`
  );
}

// Calls `pick` with the bin that is clicked, or chosen by keys: a row [a, b, probability, colour].
export function onPick(svg, pick) {
  svg.addEventListener("click", (event) => {
    const place = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = place.matrixTransform(svg.getScreenCTM().inverse());
    pick(nearest(svg, x, -y));
  });
  svg.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") pick(svg.chosen);
    else if (MOVES[event.key]) move(svg, MOVES[event.key]);
    else return;
    event.preventDefault();
  });
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function nearest(svg, a, b) {
  const far = ([x, y]) => (x - a) ** 2 + (y - b) ** 2;
  return svg.bins.reduce((one, other) => (far(other) < far(one) ? other : one));
}

function move(svg, [right, up]) {
  const [a, b] = svg.chosen;
  choose(svg, nearest(svg, a + PITCH * right, b + PITCH * up));
}

function choose(svg, bin) {
  svg.chosen = bin;
  svg.querySelectorAll(".chosen").forEach((mark) => {
    mark.setAttribute("cx", bin[0]);
    mark.setAttribute("cy", -bin[1]);
  });
}

const whole = (number) => String(Math.round(number)).replace("-", "\u2212");

function disc(a, b, r, fill, more = {}) {
  return element("circle", { cx: a, cy: -b, r, fill, ...more });
}

function label(x, y, text, anchor) {
  const node = element("text", { x, y, "text-anchor": anchor });
  node.textContent = text;
  return node;
}

function element(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
