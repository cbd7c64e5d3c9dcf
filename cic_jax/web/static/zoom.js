// Zooming into the photograph and moving it: by wheel, fingers, drag, buttons and keys.

import { $ } from "./dom.js";

const STEP = 1.5; // of the buttons
const SLACK = 4; // pixels that a click may slip
const PAN = 0.1; // of the stage, that a key moves

const stage = $("stage");
const place = { zoom: 1, x: 0, y: 0 }; // the layer's scale and the place of its corner, in pixels
let natural = 1; // width of the photograph in pixels
let listener = () => {};
let slipped = false; // by a drag, after which no pixel is chosen

export const zoomed = () => place.zoom > 1;
export const wasDragged = () => slipped;
export const onZoom = (changed) => (listener = changed);

const ratio = () => natural / devicePixelRatio / stage.clientWidth; // where pixels are as they are
const most = () => Math.max(4, 2 * ratio());

export function fit(width) {
  if (width) natural = width;
  Object.assign(place, { zoom: 1, x: 0, y: 0 });
  apply();
}

export const actual = () => zoomTo(Math.max(1, ratio()));
export const closer = () => zoomTo(place.zoom * STEP);
export const farther = () => zoomTo(place.zoom / STEP);

// The point (x, y) of the stage, in pixels, stays where it is.
function zoomTo(zoom, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const next = Math.min(most(), Math.max(1, zoom));
  place.x = x - ((x - place.x) * next) / place.zoom;
  place.y = y - ((y - place.y) * next) / place.zoom;
  place.zoom = next;
  apply();
}

function move(x, y) {
  place.x += x;
  place.y += y;
  apply();
}

function apply() {
  const within = (value, length) => Math.min(0, Math.max(length * (1 - place.zoom), value));
  place.x = within(place.x, stage.clientWidth);
  place.y = within(place.y, stage.clientHeight);
  stage.style.setProperty("--zoom", place.zoom);
  stage.style.setProperty("--tx", `${place.x}px`);
  stage.style.setProperty("--ty", `${place.y}px`);
  stage.classList.toggle("zoomed", zoomed());
  $("fit").disabled = $("farther").disabled = !zoomed();
  $("closer").disabled = place.zoom >= most();
  cut();
  listener();
}

// Where the seam, at a part of the stage, cuts the layer.
export function cut() {
  const part = $("divider").valueAsNumber;
  const width = stage.clientWidth || 1;
  const at = zoomed() ? (100 * ((part / 100) * width - place.x)) / (place.zoom * width) : part;
  stage.style.setProperty("--part", `${part}%`);
  stage.style.setProperty("--cut", `${at}%`);
}

// ---- pointers: one drags, two zoom

const pointers = new Map();
const spread = () => {
  const [one, other] = [...pointers.values()];
  return Math.hypot(one.x - other.x, one.y - other.y);
};

$("picker").addEventListener("pointerdown", (event) => {
  if (pointers.size === 0) slipped = false;
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, from: [event.clientX, event.clientY] });
});
$("picker").addEventListener("pointermove", (event) => {
  const last = pointers.get(event.pointerId);
  if (!last) return;
  const before = pointers.size === 2 ? spread() : 0;
  const [x, y] = [event.clientX - last.x, event.clientY - last.y];
  const far = Math.hypot(event.clientX - last.from[0], event.clientY - last.from[1]) > SLACK;
  if (!far && !slipped && pointers.size === 1) return;
  slipped = slipped || zoomed() || pointers.size > 1;
  Object.assign(last, { x: event.clientX, y: event.clientY });
  if (slipped && !$("picker").hasPointerCapture(event.pointerId)) {
    $("picker").setPointerCapture(event.pointerId);
  }
  if (pointers.size === 2) {
    const box = stage.getBoundingClientRect();
    const middle = [...pointers.values()].reduce((sum, one) => [sum[0] + one.x / 2, sum[1] + one.y / 2], [0, 0]);
    zoomTo((place.zoom * spread()) / before, middle[0] - box.left, middle[1] - box.top);
  } else if (zoomed()) move(x, y);
});
for (const kind of ["pointerup", "pointercancel"]) {
  addEventListener(kind, (event) => pointers.delete(event.pointerId));
}

stage.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey && !event.metaKey && !zoomed()) return; // the page scrolls
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    const zoom = place.zoom * Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400));
    zoomTo(zoom, event.clientX - box.left, event.clientY - box.top);
  },
  { passive: false },
);

export const KEYS = {
  "+": closer, "=": closer, "-": farther, 0: () => fit(), 1: actual,
  a: () => move(PAN * stage.clientWidth, 0), d: () => move(-PAN * stage.clientWidth, 0),
  w: () => move(0, PAN * stage.clientHeight), s: () => move(0, -PAN * stage.clientHeight),
};

for (const [id, act] of Object.entries({ closer, farther, fit: () => fit(), actual })) {
  $(id).addEventListener("click", act);
}
new ResizeObserver(() => apply()).observe(stage);
