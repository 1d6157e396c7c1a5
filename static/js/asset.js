/* The asset page: prices before the click, the painted mask, errors at the form. */
import { get, post } from "./http.js";
import { startPainter } from "./mask.js";

const WAIT_MS = 250;
const UNASKED = new Set(["csrfmiddlewaretoken", "token", "seen_micros", "seen_for", "seen_prices"]);
const painters = new WeakMap();
const asking = new WeakMap();

function fields(form) {
  const found = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value && !UNASKED.has(name)) found.append(name, value);
  }
  return found;
}

async function quote(form, text = "") {
  const result = await get(`${form.action}?${fields(form)}`);
  const box = form.querySelector("[data-quote]");
  if (result.ok && box) {
    box.innerHTML = result.data;
    tell(form, text);
  } else if (result.status === 422) tell(form, result.message);
}

const shown = (form) => Number(form.elements.seen_micros?.value ?? 0);

/* What was changed last has its price on the page before anything starts. False: it went up. */
async function priced(form) {
  if (!asking.has(form)) return true;
  clearTimeout(asking.get(form));
  const before = shown(form);
  await quote(form);
  asking.delete(form);
  if (shown(form) <= before) return true;
  tell(form, "This is the price of what you changed. Start again to go on.");
  return false;
}

function tell(form, text) {
  const line = form.querySelector("[data-error]");
  line.textContent = text;
  line.hidden = !text;
}

async function send(form) {
  const button = form.querySelector("[type=submit]");
  if (form.hasAttribute("data-sending")) return;
  form.setAttribute("data-sending", "");
  button.setAttribute("aria-busy", "true");
  if (!(await priced(form))) {
    rest(form, button);
    return;
  }
  const data = new FormData(form);
  const painter = painters.get(form);
  if (painter?.isPainted()) data.set("mask", await painter.toFile());
  else if (!data.get("mask")?.size) data.delete("mask");
  const result = await post(form.action, data);
  if (result.ok) {
    location.assign(result.data.url);
    return;
  }
  tell(form, result.message);
  if (result.status === 409) await quote(form, result.message);
  rest(form, button);
}

function rest(form, button) {
  form.removeAttribute("data-sending");
  button.removeAttribute("aria-busy");
}

/* A canvas of the picture's size is large: it is made where somebody opens it. */
function whenOpen(root, start) {
  const closed = root.closest("details:not([open])");
  if (closed) closed.addEventListener("toggle", () => whenOpen(root, start), { once: true });
  else start();
}

for (const form of document.querySelectorAll(".op-form")) {
  form.removeAttribute("data-once");
  const root = form.querySelector("[data-painter]");
  if (root) whenOpen(root, () => painters.set(form, startPainter(root)));
  form.addEventListener("change", () => {
    clearTimeout(asking.get(form));
    const timer = setTimeout(async () => {
      await quote(form);
      if (asking.get(form) === timer) asking.delete(form);
    }, WAIT_MS);
    asking.set(form, timer);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
if (location.hash.startsWith("#op-")) document.querySelector(location.hash)?.setAttribute("open", "");
