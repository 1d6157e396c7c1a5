/* Before and after at the same zoom: a handle to wipe, 100 % with linked panning, all by keyboard.
   At 100 % a pixel of the later picture is a pixel of the page; drag, or Shift and arrows, to pan. */
import { registerKeys } from "./keys.js";

const STEP = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10 };
const PAN = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
const known = new WeakSet();

const value = (element) => Number(element.querySelector(".wipe-handle").getAttribute("aria-valuenow"));

/** Shows the first `percent` of the width as before. */
export function setWipe(element, percent) {
  const now = Math.max(0, Math.min(100, Math.round(percent)));
  const handle = element.querySelector(".wipe-handle");
  element.style.setProperty("--wipe", `${now}%`);
  handle.setAttribute("aria-valuenow", String(now));
  const before = element.querySelector(".wipe-before").alt.toLowerCase();
  handle.setAttribute("aria-valuetext", `${now}% ${before}`);
}

function pan(element, x, y) {
  const picture = element.querySelector(".wipe-after");
  const box = element.getBoundingClientRect();
  const left = Math.min(0, Math.max(box.width - picture.naturalWidth, x));
  const top = Math.min(0, Math.max(box.height - picture.naturalHeight, y));
  element.style.setProperty("--pan-x", `${left}px`);
  element.style.setProperty("--pan-y", `${top}px`);
  element.dataset.pan = `${left},${top}`;
}

const panned = (element) => (element.dataset.pan ?? "0,0").split(",").map(Number);

function move(element, byX, byY) {
  if (!element.classList.contains("is-zoomed")) return;
  const [x, y] = panned(element);
  pan(element, x + byX, y + byY);
}

function zoom(element, on) {
  const box = element.getBoundingClientRect();
  element.style.height = on ? `${box.height}px` : "";
  element.classList.toggle("is-zoomed", on);
  element.querySelector("[data-wipe-zoom]").setAttribute("aria-pressed", String(on));
  element.querySelector("[data-wipe-zoom]").textContent = on ? "Fit" : "100%";
  const picture = element.querySelector(".wipe-after");
  /* The picture before may have other pixels (an upscale): both are shown at the later one's scale. */
  const before = element.querySelector(".wipe-before");
  before.style.width = on ? `${picture.naturalWidth}px` : "";
  before.style.height = on ? `${picture.naturalHeight}px` : "";
  if (on) pan(element, (box.width - picture.naturalWidth) / 2, (box.height - picture.naturalHeight) / 2);
}

function start(element) {
  known.add(element);
  const handle = element.querySelector(".wipe-handle");
  const share = (event) => {
    const box = element.getBoundingClientRect();
    return (100 * (event.clientX - box.left)) / box.width;
  };
  let from = null;
  element.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button")) return;
    const zoomed = element.classList.contains("is-zoomed") && event.target !== handle;
    from = { zoomed, x: event.clientX, y: event.clientY, pan: panned(element) };
    element.setPointerCapture(event.pointerId);
    if (zoomed) event.preventDefault();
    else setWipe(element, share(event));
  });
  element.addEventListener("pointermove", (event) => {
    if (!from) return;
    if (from.zoomed) pan(element, from.pan[0] + event.clientX - from.x, from.pan[1] + event.clientY - from.y);
    else setWipe(element, share(event));
  });
  for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, () => { from = null; });
  element.querySelector("[data-wipe-zoom]").addEventListener("click", () => zoom(element, !element.classList.contains("is-zoomed")));
  handle.addEventListener("keydown", (event) => {
    if (event.shiftKey && PAN[event.key]) move(element, ...PAN[event.key]);
    else if (STEP[event.key]) setWipe(element, value(element) + STEP[event.key]);
    else if (event.key === "Home") setWipe(element, 0);
    else if (event.key === "End") setWipe(element, 100);
    else return;
    event.preventDefault();
  });
}

const inView = () =>
  [...document.querySelectorAll("[data-wipe]")].find((element) => {
    const box = element.getBoundingClientRect();
    return box.height > 0 && box.bottom > 0 && box.top < innerHeight;
  });

const withWipe = (run) => () => {
  const element = inView();
  if (!element) return false;
  run(element);
  return true;
};

/** Starts the wipes in `root` that are not running yet. */
export function startWipes(root = document) {
  for (const element of root.querySelectorAll("[data-wipe]")) if (!known.has(element)) start(element);
}

const flip = withWipe((element) => setWipe(element, value(element) < 100 ? 100 : 0));
const BINDINGS = [
  { keys: "f", label: "Flip before and after", run: flip },
  { keys: "+", label: "Zoom to 100 %", run: withWipe((element) => zoom(element, true)) },
  { keys: "0", label: "Fit", run: withWipe((element) => zoom(element, false)) },
  ...Object.entries(PAN).map(([key, [x, y]]) => ({ keys: `Shift ${key}`, label: "Pan at 100 %", run: withWipe((element) => move(element, x, y)) })),
];
registerKeys("Before and after", [{ keys: "b", label: "Before or after", run: flip }, ...BINDINGS], { when: () => Boolean(inView()) });
for (const dialog of document.querySelectorAll("dialog:has([data-wipe])")) {
  registerKeys("Before and after", BINDINGS, { within: dialog });
}
document.addEventListener("live:updated", (event) => startWipes(event.target));
document.addEventListener("sheet:loaded", (event) => startWipes(event.target));
