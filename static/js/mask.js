/* Paints a mask over a picture: brush by [ and ], undo, clear, mouse, pen or finger.
   It knows the picture's own size and makes a PNG of it; sending is the page's work. */
import { registerKeys } from "./keys.js";

const SMALLEST = 8;
const LARGEST = 400;
const STEPS = 1.25;
const PAINT = "rgb(226 38 77 / 62%)";

/** Starts the painter in `root`; gives { isPainted(), toFile(), onChange }. */
export function startPainter(root) {
  const canvas = root.querySelector("canvas");
  const context = canvas.getContext("2d");
  const size = root.querySelector("[data-brush-size]");
  const undo = root.querySelector("[data-paint-undo]");
  const clear = root.querySelector("[data-paint-clear]");
  const words = root.querySelector("[data-painted]");
  let strokes = [];
  let current = null;
  let brush = Math.max(SMALLEST, Math.round(Math.min(canvas.width, canvas.height) / 14));

  const draw = (target, stroke, color) => {
    target.strokeStyle = color;
    target.fillStyle = color;
    target.lineCap = "round";
    target.lineJoin = "round";
    target.lineWidth = stroke.width;
    target.beginPath();
    const [first, ...rest] = stroke.points;
    if (!rest.length) {
      target.arc(first[0], first[1], stroke.width / 2, 0, 2 * Math.PI);
      target.fill();
      return;
    }
    target.moveTo(...first);
    for (const point of rest) target.lineTo(...point);
    target.stroke();
  };

  /* Opaque first, then made see-through once: strokes that cross do not grow darker. */
  const redraw = () => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const stroke of strokes) draw(context, stroke, "#000");
    context.globalCompositeOperation = "source-in";
    context.fillStyle = PAINT;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = "source-over";
  };

  const show = () => {
    undo.disabled = clear.disabled = !strokes.length;
    size.textContent = `${brush} px`;
    words.textContent = strokes.length ? `${strokes.length} ${strokes.length === 1 ? "stroke" : "strokes"}` : "Nothing painted";
  };

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };

  const resize = (direction) => {
    const wanted = direction > 0 ? brush * STEPS : brush / STEPS;
    brush = Math.round(Math.max(SMALLEST, Math.min(LARGEST, wanted)));
    show();
  };

  const back = () => {
    strokes.pop();
    redraw();
    show();
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    current = { width: brush, points: [at(event)] };
    strokes.push(current);
    redraw();
    show();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!current) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) current.points.push(at(one));
    redraw();
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { current = null; });
  for (const button of root.querySelectorAll("[data-brush]")) {
    button.addEventListener("click", () => resize(Number(button.dataset.brush)));
  }
  undo.addEventListener("click", back);
  clear.addEventListener("click", () => {
    strokes = [];
    redraw();
    show();
  });
  const isShown = () => canvas.checkVisibility?.() ?? true;
  registerKeys("Brush", [
    { keys: "Mod z", label: "Undo a stroke", run: () => (strokes.length ? back() : false) },
  ], { when: isShown });
  root.hidden = false;
  show();

  return {
    isPainted: () => strokes.length > 0,
    /** White on black, of the picture's own size. */
    toFile: () => new Promise((resolve) => {
      const flat = document.createElement("canvas");
      flat.width = canvas.width;
      flat.height = canvas.height;
      const target = flat.getContext("2d");
      target.fillStyle = "#000";
      target.fillRect(0, 0, flat.width, flat.height);
      for (const stroke of strokes) draw(target, stroke, "#fff");
      flat.toBlob((blob) => resolve(new File([blob], "mask.png", { type: "image/png" })), "image/png");
    }),
  };
}
