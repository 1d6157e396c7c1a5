/* Short messages at the foot of the page, with undo. They never take the focus. */
import { post } from "./http.js";
import { registerKeys } from "./keys.js";

const SHOWN_MS = { plain: 6000, undo: 10000 };
let stopKey = null;

const region = () => document.getElementById("toasts");

/* The region is a popover, so that it lies above an open modal dialog. */
const raise = () => {
  const box = region();
  if (!box?.showPopover) return box;
  if (box.matches(":popover-open")) box.hidePopover();
  if (box.childElementCount) box.showPopover();
  return box;
};

const button = (text, run, extra = "") => {
  const element = document.createElement("button");
  element.type = "button";
  element.className = `button button-s ${extra}`;
  element.textContent = text;
  element.addEventListener("click", run);
  return element;
};

const close = (element) => {
  element.remove();
  const box = region();
  if (box && !box.childElementCount && box.matches?.(":popover-open")) box.hidePopover();
  if (!box?.querySelector("[data-undo]")) {
    stopKey?.();
    stopKey = null;
  }
};

/* It goes by itself, but not while somebody points at it or has the focus in it. */
const settle = (element, shown_ms) => {
  let timer = 0;
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (element.matches(":hover, :focus-within")) start();
      else close(element);
    }, shown_ms);
  };
  start();
};

const dress = (element) => {
  const shut = button("×", () => close(element), "button-quiet button-icon");
  shut.setAttribute("aria-label", "Close message");
  element.append(shut);
};

/** Shows `text`; returns a function that closes it. See docs/screens.md. */
export function toast({ text, tone = "", undoUrl = "", undo = null, action = null }) {
  const element = document.createElement("div");
  element.className = `toast${tone ? ` toast-${tone}` : ""}`;
  const words = document.createElement("span");
  words.className = "toast-text";
  words.textContent = text;
  element.append(words);
  if (action) {
    const link = document.createElement("a");
    link.className = "button button-s";
    link.href = action.url;
    link.textContent = action.label;
    element.append(link);
  }
  if (undoUrl || undo) {
    const back = button("Undo", async () => {
      close(element);
      const result = undoUrl ? await post(undoUrl) : ((await undo()) ?? { ok: true });
      if (result.ok === false) toast({ text: result.message, tone: "bad" });
      else document.dispatchEvent(new CustomEvent("toast:undone", { detail: result }));
    });
    back.dataset.undo = "";
    const hint = document.createElement("kbd");
    hint.className = "kbd";
    hint.textContent = "Z";
    back.append(hint);
    element.append(back);
    stopKey ??= registerKeys("Everywhere", [{ keys: "z", label: "Undo", run: undoNewest }]);
  }
  dress(element);
  const box = region();
  if (!box) return () => {};
  box.append(element);
  raise();
  if (tone !== "bad") settle(element, undoUrl || undo ? SHOWN_MS.undo : SHOWN_MS.plain);
  return () => close(element);
}

function undoNewest() {
  const found = region()?.querySelectorAll("[data-undo]") ?? [];
  if (!found.length) return false;
  found[found.length - 1].click();
  return true;
}

export function startToasts() {
  for (const element of document.querySelectorAll("#toasts > [data-toast]")) {
    dress(element);
    if (element.dataset.toast !== "error") settle(element, SHOWN_MS.plain);
  }
  raise();
}
