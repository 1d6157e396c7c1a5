/* The command palette: pages, what this page can do, and what the server finds. */
import { get } from "./http.js";
import { registerKeys } from "./keys.js";

const WAIT_MS = 160;
const MOST = 9;
let dialog = null;
let rows = [];
let at = 0;
let asked = null;
let timer = 0;

const clean = (text) => text.replace(/\s+/g, " ").trim();

function own() {
  const found = [];
  for (const element of document.querySelectorAll("[data-command]")) {
    if (!element.disabled && element.checkVisibility?.() !== false) {
      found.push({ label: element.dataset.command || clean(element.textContent), hint: "This page", run: () => element.click() });
    }
  }
  for (const link of document.querySelectorAll("a[data-nav]")) {
    const label = link.querySelector("span:not(.rail-count)") ?? link;
    found.push({ label: clean(label.textContent), hint: link.closest(".menu-panel") ? "Team" : "Page", url: link.href });
  }
  found.push({ label: "Keyboard shortcuts", hint: "Help", run: () => document.querySelector("[data-keys-open]")?.click() });
  for (const choice of ["auto", "light", "dark"]) {
    found.push({ label: `Appearance: ${choice}`, hint: "Setting", run: () => document.querySelector(`[data-theme-set="${choice}"]`)?.click() });
  }
  return found.filter((row, index) => found.findIndex((one) => one.label === row.label && one.hint === row.hint) === index);
}

/* 0 = no match; the earlier and the closer together, the higher. */
export function score(label, typed) {
  const text = label.toLowerCase();
  const query = typed.toLowerCase();
  if (!query) return 1;
  const direct = text.indexOf(query);
  if (direct === 0) return 100;
  if (direct > 0) return text[direct - 1] === " " ? 80 : 60;
  let from = 0;
  let gaps = 0;
  for (const letter of query.replace(/\s/g, "")) {
    const found = text.indexOf(letter, from);
    if (found < 0) return 0;
    gaps += found - from;
    from = found + 1;
  }
  return Math.max(1, 40 - gaps);
}

function draw() {
  const list = dialog.querySelector("[role='listbox']");
  const input = dialog.querySelector("input");
  list.replaceChildren(...rows.map((row, index) => {
    const item = document.createElement("li");
    item.className = "palette-item";
    item.id = `palette-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(index === at));
    const label = document.createElement("span");
    label.className = "clip";
    label.textContent = row.label;
    const hint = document.createElement("span");
    hint.className = "palette-hint";
    hint.textContent = row.hint ?? "";
    item.append(label, hint);
    item.addEventListener("click", () => choose(index));
    item.addEventListener("pointermove", () => select(index));
    return item;
  }));
  if (rows.length) input.setAttribute("aria-activedescendant", `palette-${at}`);
  else input.removeAttribute("aria-activedescendant");
}

function select(index) {
  if (index === at) return;
  at = (index + rows.length) % Math.max(1, rows.length);
  dialog.querySelectorAll("[role='option']").forEach((item, position) => {
    item.setAttribute("aria-selected", String(position === at));
    if (position === at) item.scrollIntoView({ block: "nearest" });
  });
  dialog.querySelector("input").setAttribute("aria-activedescendant", `palette-${at}`);
}

function choose(index) {
  const row = rows[index];
  if (!row) return;
  dialog.close();
  if (row.run) row.run();
  else location.assign(row.url);
}

function note(text) {
  const line = dialog.querySelector(".palette-empty");
  line.textContent = text;
  line.hidden = !text;
}

function search() {
  const typed = dialog.querySelector("input").value.trim();
  const local = own()
    .map((row) => ({ ...row, score: score(row.label, typed) }))
    .filter((row) => row.score)
    .sort((one, other) => other.score - one.score)
    .slice(0, MOST);
  rows = local;
  at = 0;
  draw();
  note("");
  asked?.abort();
  clearTimeout(timer);
  if (!typed || !dialog.dataset.searchUrl) {
    if (!rows.length) note("Nothing fits.");
    return;
  }
  timer = setTimeout(async () => {
    asked = new AbortController();
    const { signal } = asked;
    const result = await get(`${dialog.dataset.searchUrl}?q=${encodeURIComponent(typed)}`, { signal });
    if (signal.aborted) return;
    const found = Array.isArray(result.data) ? result.data : [];
    rows = [...local, ...found.slice(0, 20)];
    draw();
    if (!result.ok) note(result.message);
    else if (!rows.length) note("Nothing fits. Try part of a name or a creative code.");
  }, WAIT_MS);
}

function show() {
  if (dialog.open) return dialog.close();
  dialog.showModal();
  const input = dialog.querySelector("input");
  input.value = "";
  input.focus();
  return search();
}

export function startPalette() {
  dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && rows.length) {
      event.preventDefault();
      select(at + step);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      choose(at);
    }
  });
  const keys = [{ keys: "Mod k", label: "Commands and search", run: () => { show(); } }];
  registerKeys("Everywhere", keys);
  registerKeys("Commands", keys, { within: dialog });
}
