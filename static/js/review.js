/* Review by keys: pick, reject with a defect, approve, undo, compare, look closely.
   Everything here is a form underneath; without this module the page still decides. */
import { openDialog } from "./dialog.js";
import { post } from "./http.js";
import { registerKeys } from "./keys.js";
import { refresh } from "./live.js";
import { toast } from "./toast.js";
import { setWipe } from "./wipe.js";
import "./found.js";

const STORE = "switchyard.review";
const FRAME_S = 1 / 30;
const root = document.querySelector("[data-review]");
const region = document.getElementById("tiles");
const gate = document.getElementById("gate");
const touched = new Set();

const tiles = () => [...document.querySelectorAll("[data-tile]")];
const picked = () => document.querySelector(".tile-pick:checked")?.closest("[data-tile]") ?? null;
const byNumber = (number) => tiles().find((tile) => tile.dataset.number === String(number));
const clips = () => [...document.querySelectorAll("video[data-sync]")];

function showPercent() {
  const boxes = [...gate.querySelectorAll("[name=met]")];
  if (!boxes.length) return;
  const percent = Math.round((100 * boxes.filter((box) => box.checked).length) / boxes.length);
  gate.querySelector("progress").value = percent;
  const words = gate.querySelector("[data-percent]");
  words.textContent = `${percent} %`;
  words.classList.toggle("is-low", percent < Number(gate.dataset.threshold));
}

/* What hangs on the pick: button, checklist as the meters see this candidate, its meters. */
function follow() {
  const tile = picked();
  for (const label of document.querySelectorAll("[data-approve-label]")) {
    label.textContent = tile ? `Approve ${tile.dataset.number}` : "Pick a candidate";
  }
  for (const one of tiles()) one.classList.toggle("is-picked", one === tile);
  for (const list of document.querySelectorAll("[data-readings]")) {
    list.hidden = list.dataset.readings !== tile?.dataset.tile;
  }
  const warned = new Set((tile?.dataset.warned ?? "").split(" "));
  for (const box of gate.querySelectorAll("[name=met]")) {
    if (!touched.has(box.value)) box.checked = !warned.has(box.value);
    box.closest("label").querySelector(".rv-doubt").hidden = !warned.has(box.value);
  }
  showPercent();
}

function pick(number) {
  const radio = byNumber(number)?.querySelector(".tile-pick:not(:disabled)");
  if (!radio) return false;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

function step(by) {
  const all = tiles();
  const at = all.indexOf(picked());
  const next = all[(at + by + all.length) % all.length];
  return next ? pick(next.dataset.number) : false;
}

async function judge(data) {
  const result = await post(root.dataset.reviewJudge, data);
  if (!result.ok) {
    toast({ text: result.message, tone: "bad" });
    return;
  }
  toast({ text: result.data.text, undoUrl: root.dataset.reviewUndo });
  await refresh(region);
  follow();
  if (data.verdict === "rejected" && picked()?.dataset.verdict === "rejected") {
    const free = tiles().find((tile) => tile.dataset.verdict === "pending");
    if (free) pick(free.dataset.number);
  }
}

/* The message of a decision is shown on the page that comes next, with its undo. */
function goOn(data) {
  try {
    sessionStorage.setItem(STORE, JSON.stringify({ text: data.text, undoUrl: data.undo_url }));
  } catch {
    /* no storage: the queue page still offers the undo */
  }
  location.assign(data.url);
}

function greet() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(STORE));
    sessionStorage.removeItem(STORE);
  } catch {
    return;
  }
  if (!kept) return;
  toast({
    text: kept.text,
    tone: "ok",
    undo: async () => {
      const result = await post(kept.undoUrl);
      if (result.ok) location.assign(result.data.url);
      return result;
    },
  });
}

async function decide(form, data) {
  if (form.hasAttribute("data-sending")) return;
  form.setAttribute("data-sending", "");
  const result = await post(form.action, data);
  if (result.ok) {
    goOn(result.data);
    return;
  }
  form.removeAttribute("data-sending");
  const line = document.getElementById("gate-error");
  if (form === gate && result.status === 422 && line) {
    line.textContent = result.message;
    line.hidden = false;
    gate.querySelector("[name=met]:not(:checked)")?.focus();
  } else toast({ text: result.message, tone: "bad" });
}

function approve() {
  const tile = picked();
  if (!tile) {
    toast({ text: "Pick a candidate first: press its number.", tone: "warn" });
    return;
  }
  const data = new FormData(gate);
  data.set("candidate", tile.dataset.tile);
  decide(gate, data);
}

/* r opens the small menu of defects; its digit decides. */
const rejecting = () => document.querySelector("[data-reject][open]");

function openReject() {
  const menu = picked()?.querySelector("[data-reject]");
  if (!menu) return false;
  menu.open = true;
  menu.querySelector("button").focus();
  return true;
}

function rejectWith(number) {
  const buttons = rejecting()?.querySelectorAll("button") ?? [];
  const button = buttons[number - 1];
  if (button) button.click();
  return true;
}

function note(tile = picked()) {
  if (!tile) return false;
  const form = document.getElementById("note-form");
  form.querySelector("[name=candidate]").value = tile.dataset.tile;
  form.querySelector("[name=comment]").value = tile.dataset.note;
  openDialog("note-dialog");
  return true;
}

function compare() {
  const dialog = document.getElementById("compare");
  const tile = picked();
  if (!dialog || !tile) {
    toast({ text: "There is nothing before this: it is the first picture." });
    return true;
  }
  if (dialog.open) {
    dialog.close();
    return true;
  }
  const after = dialog.querySelector(".wipe-after");
  after.src = tile.querySelector("video")?.poster ?? tile.dataset.full;
  after.width = Number(tile.dataset.width);
  after.height = Number(tile.dataset.height);
  dialog.querySelector("h2").textContent = `Before and candidate ${tile.dataset.number}`;
  openDialog(dialog);
  setWipe(dialog.querySelector("[data-wipe]"), 50);
  return true;
}

function large(tile = picked()) {
  const dialog = document.getElementById("large");
  if (!tile) return false;
  const view = dialog.querySelector("[data-large-view]");
  const { kind, full, width, height, number } = tile.dataset;
  const element = document.createElement(kind === "clip" ? "video" : "img");
  element.src = full;
  element.width = Number(width);
  element.height = Number(height);
  if (kind === "clip") {
    element.muted = element.loop = element.controls = true;
    element.play().catch(() => {});
  } else element.alt = `Candidate ${number} at 100 %`;
  view.replaceChildren(element);
  dialog.querySelector("[data-large-title]").textContent = `Candidate ${number}`;
  dialog.querySelector("[data-large-size]").textContent = `${width} × ${height}, 100 %`;
  openDialog(dialog);
  view.focus();
  return true;
}

function play() {
  const all = clips();
  if (!all.length) return false;
  const paused = all.every((clip) => clip.paused);
  const start = all[0].currentTime;
  for (const clip of all) {
    if (paused) {
      clip.currentTime = start;
      clip.play().catch(() => {});
    } else clip.pause();
  }
  return true;
}

function frame(by) {
  const all = clips();
  if (!all.length) return step(by);
  const at = Math.max(0, all[0].currentTime + by * FRAME_S);
  for (const clip of all) {
    clip.pause();
    clip.currentTime = at;
  }
  return true;
}

/* Clips drift apart by decoding; the first one leads. */
function keepInStep() {
  const [lead, ...rest] = clips();
  if (!lead || lead.paused) return;
  for (const clip of rest) {
    if (Math.abs(clip.currentTime - lead.currentTime) > 0.12) clip.currentTime = lead.currentTime;
  }
}

function blind() {
  const on = root.dataset.blind !== "1";
  document.cookie = `hide_models=${on ? 1 : 0}; path=/; max-age=31536000; samesite=lax`;
  location.reload();
}

if (root) {
  const digits = Array.from({ length: 9 }, (_, index) => index + 1);
  registerKeys("Review", [
    { keys: "1", label: "Pick a candidate (1 to 9)", run: () => pick(1) },
    ...digits.slice(1).map((digit) => ({ keys: String(digit), label: `Pick candidate ${digit}`, run: () => pick(digit) })),
    { keys: "r", label: "Reject, then a digit for the defect", run: openReject },
    { keys: "n", label: "Note", run: () => note() },
    { keys: "b", label: "Before and after", run: compare },
    { keys: "Enter", label: "Large view at 100 %", run: () => large() },
    { keys: "z", label: "Undo", run: () => document.querySelector("#toasts [data-undo]") ? false : (document.getElementById("undo-form")?.requestSubmit(), true) },
    { keys: "Space", label: "Play or pause all", run: play },
    { keys: "ArrowLeft", label: "Frame back, or candidate before", run: () => frame(-1) },
    { keys: "ArrowRight", label: "Frame on, or next candidate", run: () => frame(1) },
  ]);
  registerKeys("Reject", digits.slice(0, 7).map((digit) => ({ keys: String(digit), label: `Defect ${digit}`, run: () => rejectWith(digit) })), { when: () => Boolean(rejecting()) });
  registerKeys("Before and after", [{ keys: "b", label: "Close", run: compare }], { within: document.getElementById("compare") });
  const lookedAt = document.getElementById("large");
  registerKeys("Large view", [
    { keys: "ArrowRight", label: "Next candidate", run: () => step(1) && large() },
    { keys: "ArrowLeft", label: "Candidate before", run: () => step(-1) && large() },
    { keys: "Enter", label: "Close", run: () => lookedAt.close() },
    ...digits.map((digit) => ({ keys: String(digit), label: `Candidate ${digit}`, run: () => pick(digit) && large() })),
  ], { within: lookedAt });
  lookedAt.addEventListener("close", () => lookedAt.querySelector("[data-large-view]").replaceChildren());

  document.addEventListener("change", (event) => {
    if (event.target.matches(".tile-pick")) follow();
    if (event.target.matches("#gate [name=met]")) {
      touched.add(event.target.value);
      document.getElementById("gate-error").hidden = true;
      showPercent();
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const name = event.submitter?.name;
    if (form === gate) {
      event.preventDefault();
      approve();
    } else if (form.matches("#reject-all")) {
      event.preventDefault();
      decide(form, new FormData(form));
    } else if (form.matches("[data-judge]")) {
      event.preventDefault();
      const data = Object.fromEntries(new FormData(form));
      if (name) data[name] = event.submitter.value;
      form.closest("details")?.removeAttribute("open");
      event.submitter?.blur();
      judge(data);
    } else if (form.matches("#note-form")) {
      event.preventDefault();
      form.closest("dialog").close();
      judge(Object.fromEntries(new FormData(form)));
    }
  });
  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("[data-large], [data-noting], [data-blind-toggle]");
    if (!target) return;
    const tile = target.closest("[data-tile]");
    if (target.matches("[data-large]")) {
      event.preventDefault();
      large(tile);
    } else if (target.matches("[data-noting]")) note(tile);
    else blind();
  });
  document.addEventListener("toast:undone", () => refresh(region).then(follow));
  region?.addEventListener("live:updated", follow);
  clips()[0]?.addEventListener("timeupdate", keepInStep);
  follow();
}
greet();
