/* The brief page: the plan follows what is written, and fields show when they matter.
   Nothing is decided here; the server plans and checks. */
import { post, readData } from "./http.js";
import { morph } from "./morph.js";

const WAIT_MS = 350;
const form = document.querySelector("[data-brief]");
const panel = document.querySelector("[data-plan]");
let timer = 0;
let running = null;

async function plan() {
  running?.abort();
  running = new AbortController();
  panel.classList.add("is-planning");
  panel.setAttribute("aria-busy", "true");
  const { signal } = running;
  const answer = await post(form.dataset.planUrl, new FormData(form), { signal, headers: { Accept: "text/html" } });
  if (signal.aborted) return;
  panel.classList.remove("is-planning");
  panel.removeAttribute("aria-busy");
  if (answer.ok) morph(panel, answer.data);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(plan, WAIT_MS);
}

function place() {
  const choice = form.elements.ad_set;
  const fresh = document.querySelector("[data-new-campaign]");
  fresh.hidden = choice.value !== "new";
  for (const part of form.querySelectorAll("[data-shown-by]")) {
    const control = form.elements[part.dataset.shownBy];
    const wanted = part.dataset.shownFor;
    part.hidden = wanted ? control.value !== wanted : !control.checked;
  }
  const taken = form.querySelector("input[name='bases']") !== null;
  form.querySelector(".brief-photo-options").hidden = !taken;
  if (!taken) form.elements.as_is.checked = false;
}

/* the first wrong field is where the person goes on */
form.querySelector("[aria-invalid='true']")?.focus();

const locales = readData("ad-set-locales");
let suggested = form.elements.locale.defaultValue;

/* another ad set brings its locale along, unless the person wrote one */
function follow(choice) {
  if (!locales[choice.value] || form.elements.locale.value !== suggested) return;
  suggested = locales[choice.value];
  form.elements.locale.value = suggested;
}

form.addEventListener("input", soon);
form.addEventListener("change", (event) => {
  if (event.target.name === "ad_set") follow(event.target);
  place();
  soon();
});
for (const name of ["upload:done", "upload:removed"]) {
  form.addEventListener(name, () => {
    place();
    soon();
  });
}
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
place();
