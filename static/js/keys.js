/* Keyboard shortcuts: declared on elements or registered by a screen, listed under `?`.
   Single keys rest while somebody types, under a modal dialog and when switched off. */

const STORE = "switchyard.keys";
const WAIT_MS = 1300;
const CODES = { Period: ".", Comma: ",", Slash: "/", Minus: "-", Equal: "=", Space: "Space" };
const MODIFIERS = new Set(["Shift", "Mod"]);
const NOT_TYPING = new Set(["button", "checkbox", "file", "image", "radio", "reset", "submit"]);
const scopes = new Set();
let before = [];
let timer = 0;

/** "Shift ." → ["Shift ."], "g b" → ["g", "b"]: the presses one after the other. */
export function presses(keys) {
  const found = [];
  let held = "";
  for (const token of keys.trim().split(/\s+/)) {
    if (MODIFIERS.has(token)) held += `${token} `;
    else {
      found.push(held + token);
      held = "";
    }
  }
  return found;
}

const alternatives = (keys) =>
  keys.split(/,\s+/).map((one) => presses(one)).filter((one) => one.length);

/* What one key event may be called. Keyboards differ: "Shift ." is ":" on a German one. */
function names(event) {
  const mod = event.ctrlKey || event.metaKey ? "Mod " : "";
  const key = event.key === " " ? "Space" : event.key;
  const low = key.length === 1 ? key.toLowerCase() : key;
  const code = CODES[event.code] ?? event.code.replace(/^(Key|Digit|Numpad)(?=.$)/, "").toLowerCase();
  const found = new Set();
  if (event.shiftKey) {
    found.add(`${mod}Shift ${low}`).add(`${mod}Shift ${code}`);
    if (key.length === 1 && low === key.toUpperCase()) found.add(mod + low);
  } else {
    found.add(mod + low);
    if (/^[0-9]$/.test(code)) found.add(mod + code);
  }
  return found;
}

export const isOn = () => {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
};

export function setOn(on) {
  try {
    localStorage.setItem(STORE, on ? "on" : "off");
  } catch {
    /* private window: it lasts as long as the page */
  }
  document.documentElement.dataset.keys = on ? "on" : "off";
}

export function isTyping(target) {
  if (!(target instanceof Element)) return false;
  if (target.closest("textarea, select, [contenteditable]:not([contenteditable='false'])")) return true;
  return target instanceof HTMLInputElement && !NOT_TYPING.has(target.type);
}

const modal = () => {
  const open = document.querySelectorAll("dialog:modal");
  return open[open.length - 1] ?? null;
};

const visible = (element) =>
  element.checkVisibility?.({ visibilityProperty: true }) ?? element.offsetParent !== null;
const usable = (element) => !element.disabled && element.getAttribute("aria-disabled") !== "true";

/** Registers shortcuts of a screen; the answer takes them back. */
export function registerKeys(scope, bindings, { within = null, when = null } = {}) {
  const entry = { scope, within, when, bindings: bindings.map((one) => ({ ...one, ways: alternatives(one.keys) })) };
  scopes.add(entry);
  return () => scopes.delete(entry);
}

function declared(top) {
  const root = top ?? document;
  return [...root.querySelectorAll("[data-key], [data-key-seq]")]
    .filter((element) => visible(element))
    .map((element) => ({
      element,
      ways: [
        ...(element.dataset.key ? alternatives(element.dataset.key) : []),
        ...(element.dataset.keySeq ? [presses(element.dataset.keySeq)] : []),
      ],
    }));
}

function active(top) {
  return [...scopes].filter((entry) => (top ? entry.within === top : !entry.within) && (entry.when?.() ?? true));
}

const use = (element) => {
  if (isTyping(element)) {
    element.focus();
    element.select?.();
  } else element.click();
};

/* Newest scope first, then what the page declares. `run` returns false when the key is not for it. */
function candidates(top) {
  const found = [];
  for (const entry of active(top).reverse()) {
    for (const one of entry.bindings) found.push({ ways: one.ways, run: (event) => one.run(event) });
  }
  for (const { element, ways } of declared(top)) {
    if (usable(element)) found.push({ ways, run: () => use(element) });
  }
  return found;
}

const fits = (way, typed) => typed.every((set, index) => way[index] !== undefined && set.has(way[index]));

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if (MODIFIERS.has(event.key) || ["Control", "Meta", "AltGraph", "CapsLock"].includes(event.key)) return;
  const withMod = event.ctrlKey || event.metaKey;
  if (!withMod && (!isOn() || isTyping(event.target))) return;
  const onControl = event.target instanceof Element && event.target.closest("a, button, summary, input, [role='slider']");
  if (onControl && ["Enter", " "].includes(event.key)) return;

  const now = names(event);
  const all = candidates(modal());
  for (const typed of before.length ? [[...before, now], [now]] : [[now]]) {
    let open = false;
    for (const { ways, run } of all) {
      for (const way of ways.filter((one) => fits(one, typed))) {
        if (way.length > typed.length) open = true;
        else if (run(event) !== false) {
          forget();
          event.preventDefault();
          return;
        }
      }
    }
    if (open) {
      before = typed;
      clearTimeout(timer);
      timer = setTimeout(forget, WAIT_MS);
      event.preventDefault();
      return;
    }
  }
  forget();
}

function forget() {
  clearTimeout(timer);
  before = [];
}

const label = (element) =>
  element.dataset.keyLabel || element.dataset.command || element.getAttribute("aria-label") ||
  [...element.childNodes].filter((node) => !(node instanceof Element && node.matches("kbd, .rail-count")))
    .map((node) => node.textContent).join(" ").replace(/\s+/g, " ").trim();

/** Everything that works now: Map of heading → [{keys, label}]. */
export function listKeys() {
  const groups = new Map();
  const add = (heading, keys, text) => {
    if (!groups.has(heading)) groups.set(heading, []);
    const rows = groups.get(heading);
    if (!rows.some((row) => row.keys === keys)) rows.push({ keys, label: text });
  };
  for (const entry of active(null)) for (const one of entry.bindings) add(entry.scope, one.keys, one.label);
  for (const { element } of declared(null)) {
    const heading = element.closest("[data-keys-group]")?.dataset.keysGroup ?? "This page";
    add(heading, element.dataset.keySeq ?? element.dataset.key, label(element));
  }
  return groups;
}

const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Shift: "⇧" };
const printed = (keys) => keys.split(/\s+/).map((token) => {
  const key = document.createElement("kbd");
  key.className = "kbd";
  const plain = token.replace(/,$/, "") || ",";
  key.textContent = NAMES[plain] ?? (plain === "Mod" ? (navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl") : plain.length === 1 ? plain.toUpperCase() : plain);
  return key;
});

export function showKeys() {
  const dialog = document.getElementById("keys");
  if (!dialog) return;
  const list = dialog.querySelector("[data-keys-list]");
  list.replaceChildren();
  for (const [heading, rows] of listKeys()) {
    const group = document.createElement("section");
    const title = document.createElement("h3");
    title.textContent = heading;
    const pairs = document.createElement("dl");
    for (const row of rows) {
      const term = document.createElement("dt");
      term.textContent = row.label;
      const keys = document.createElement("dd");
      for (const key of printed(row.keys)) keys.append(key, " ");
      pairs.append(term, keys);
    }
    group.append(title, pairs);
    list.append(group);
  }
  dialog.querySelector("[data-keys-switch]").checked = isOn();
  if (!dialog.open) dialog.showModal();
}

export function startKeys() {
  setOn(isOn());
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-keys-open]")) {
      document.querySelector("#more[open]")?.close();
      showKeys();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-keys-switch]")) setOn(event.target.checked);
  });
  registerKeys("Everywhere", [{ keys: "?", label: "Show these shortcuts", run: showKeys }]);
}
