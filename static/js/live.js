/* Keeps regions of a page up to date by asking, often while something runs and seldom otherwise.
   It moves nothing that a person holds; see morph.js. */
import { get } from "./http.js";
import { morph } from "./morph.js";

const RUNNING_MS = 2500;
const RESTING_MS = 25000;
const SLOWEST_MS = 60000;
const regions = new Map();

const paused = (element) => document.hidden || element.querySelector("[data-dragging]");

function note(text) {
  let line = document.querySelector(".live-note");
  if (!text) {
    line?.remove();
    return;
  }
  if (!line) {
    line = document.createElement("p");
    line.className = "live-note";
    line.setAttribute("role", "status");
    document.body.append(line);
  }
  line.textContent = text;
}

function delay(region) {
  const usual = region.element.dataset.liveRunning === "1" ? RUNNING_MS : RESTING_MS;
  const waited = region.failures ? Math.min(SLOWEST_MS, RUNNING_MS * 2 ** region.failures) : usual;
  return waited * (0.9 + 0.2 * Math.random());
}

function plan(region) {
  clearTimeout(region.timer);
  if (!region.stopped) region.timer = setTimeout(() => ask(region), delay(region));
}

function elsewhere(content) {
  for (const part of content.querySelectorAll("template[data-live-for]")) {
    const target = document.getElementById(part.dataset.liveFor);
    if (target) target.replaceChildren(part.content);
    const phone = document.getElementById(`bottom-${part.dataset.liveFor}`);
    if (phone && target) phone.textContent = target.textContent;
    part.remove();
  }
}

function show(region, html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  elsewhere(box.content);
  const settled = morph(region.element, box.content);
  region.late = settled ? null : html;
  globalThis.htmx?.process?.(region.element);
  region.element.dispatchEvent(new CustomEvent("live:updated", { bubbles: true }));
}

async function ask(region) {
  const { element } = region;
  if (!element.isConnected) {
    regions.delete(element);
    return;
  }
  if (region.busy || paused(element)) {
    plan(region);
    return;
  }
  region.busy = true;
  const shown = element.dataset.liveVersion ?? "";
  const result = await get(element.dataset.liveUrl, { headers: { "X-Live": "1", "X-Version": shown } });
  region.busy = false;
  const running = result.response?.headers.get("X-Running");
  if (running === "0" || running === "1") element.dataset.liveRunning = running;
  if (result.ok && result.response.redirected) {
    /* Signed out meanwhile: the answer is a sign-in page, not a fragment. */
    region.stopped = true;
    note("You are signed out. Reload the page to sign in.");
  } else if (result.ok) {
    if (region.failures) note("");
    region.failures = 0;
    if (result.status === 200 && !element.querySelector("[data-dragging]")) {
      element.dataset.liveVersion = result.response.headers.get("X-Version") ?? shown;
      show(region, result.data);
    }
  } else if (result.status === 410) region.stopped = true;
  else {
    region.failures += 1;
    if (region.failures > 1) note("Offline, trying again");
  }
  plan(region);
}

/** Asks now. `what`: a region, its selector, or nothing for all. */
export function refresh(what = null) {
  const element = typeof what === "string" ? document.querySelector(what) : what;
  const chosen = element ? [regions.get(element)].filter(Boolean) : [...regions.values()];
  return Promise.all(chosen.map((region) => ask(region)));
}

/** Starts the regions in `root` that are not watched yet. */
export function watch(root = document) {
  for (const element of root.querySelectorAll("[data-live-url]")) {
    if (regions.has(element)) continue;
    const region = { element, timer: 0, failures: 0, busy: false, stopped: false, late: null };
    regions.set(element, region);
    /* What was held back is put right as soon as the pointer leaves. */
    const release = () => {
      if (region.late && !paused(element)) show(region, region.late);
    };
    element.addEventListener("pointerout", () => requestAnimationFrame(release));
    element.addEventListener("focusout", () => requestAnimationFrame(release));
    plan(region);
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
document.addEventListener("toast:undone", () => refresh());
