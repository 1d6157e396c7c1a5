/* The asset page: prices before the click, the painted mask, errors at the form. */
import { get, post } from "./http.js";
import { startPainter } from "./mask.js";

const WAIT_MS = 250;
const painters = new WeakMap();

function fields(form) {
  const found = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value && !["csrfmiddlewaretoken", "token"].includes(name)) found.append(name, value);
  }
  return found;
}

async function quote(form) {
  const result = await get(`${form.action}?${fields(form)}`);
  const box = form.querySelector("[data-quote]");
  if (result.ok && box) {
    box.innerHTML = result.data;
    tell(form, "");
  } else if (result.status === 422) tell(form, result.message);
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
  form.removeAttribute("data-sending");
  button.removeAttribute("aria-busy");
}

for (const form of document.querySelectorAll(".op-form")) {
  form.removeAttribute("data-once");
  const root = form.querySelector("[data-painter]");
  if (root) painters.set(form, startPainter(root));
  let timer = 0;
  form.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(() => quote(form), WAIT_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
if (location.hash.startsWith("#op-")) document.querySelector(location.hash)?.setAttribute("open", "");
