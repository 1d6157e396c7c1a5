/* Native dialogs: open and close by attribute, ask before a form goes, the side sheet. */
import { get } from "./http.js";

const find = (what) => (typeof what === "string" ? document.getElementById(what) : what);

export function openDialog(what) {
  const dialog = find(what);
  if (!dialog || dialog.open) return dialog;
  dialog.showModal();
  dialog.querySelector("[autofocus]")?.focus();
  return dialog;
}

export function closeDialog(what) {
  const dialog = find(what);
  if (dialog?.open) dialog.close();
}

/** Asks; resolves to true or false. */
export function confirm({ title, text = "", action = "Go on", tone = "primary" }) {
  const dialog = document.getElementById("confirm");
  const yes = dialog.querySelector("[data-confirm-yes]");
  dialog.querySelector("#confirm-title").textContent = title;
  const words = dialog.querySelector("#confirm-text");
  words.textContent = text;
  words.parentElement.hidden = !text;
  yes.textContent = action;
  yes.className = `button button-${tone}`;
  return new Promise((resolve) => {
    let said = false;
    const agree = () => {
      said = true;
      dialog.close();
    };
    yes.addEventListener("click", agree, { once: true });
    dialog.addEventListener("close", () => {
      yes.removeEventListener("click", agree);
      resolve(said);
    }, { once: true });
    openDialog(dialog);
    yes.focus();
  });
}

/** Loads a fragment into the side sheet. */
export async function openSheet(url, { title = "Details" } = {}) {
  const sheet = document.getElementById("sheet");
  const body = sheet.querySelector("[data-sheet-body]");
  sheet.querySelector("h2").textContent = title;
  sheet.dataset.url = url;
  body.setAttribute("aria-busy", "true");
  const wait = setTimeout(() => body.replaceChildren(document.createElement("progress")), 300);
  openDialog(sheet);
  const result = await get(url, { headers: { "X-Sheet": "1" } });
  clearTimeout(wait);
  if (sheet.dataset.url !== url) return;
  body.removeAttribute("aria-busy");
  if (result.ok) {
    body.innerHTML = result.data;
    globalThis.htmx?.process?.(body);
    const heading = body.querySelector("[data-sheet-title]")?.dataset.sheetTitle;
    if (heading) sheet.querySelector("h2").textContent = heading;
    body.dispatchEvent(new CustomEvent("sheet:loaded", { bubbles: true }));
  } else {
    const note = document.createElement("p");
    note.className = "notice notice-bad";
    note.textContent = result.message;
    body.replaceChildren(note);
  }
}

const question = (form, button) =>
  button?.dataset.confirm ? button.dataset : form.dataset.confirm ? form.dataset : null;

async function onSubmit(event) {
  const form = event.target;
  const button = event.submitter;
  if (form.method === "dialog") return;
  const asks = question(form, button);
  if (asks && !form.hasAttribute("data-agreed")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    const said = await confirm({
      title: asks.confirm,
      text: asks.confirmText ?? "",
      action: asks.confirmAction ?? button?.textContent.trim() ?? "Go on",
      tone: asks.confirmTone ?? "primary",
    });
    if (!said) return;
    form.setAttribute("data-agreed", "");
    form.requestSubmit(button);
    form.removeAttribute("data-agreed");
    return;
  }
  if (!form.hasAttribute("data-once") || event.defaultPrevented) return;
  if (form.hasAttribute("data-sent")) {
    event.preventDefault();
    return;
  }
  form.setAttribute("data-sent", "");
  button?.setAttribute("aria-busy", "true");
}

function onClick(event) {
  const target = event.target;
  if (!(target instanceof Element)) return;
  if (target instanceof HTMLDialogElement && target.classList.contains("dialog") && target.open) {
    const box = target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside && event.detail > 0) target.close();
    return;
  }
  const opener = target.closest("[data-dialog-open]");
  if (opener) {
    openDialog(opener.dataset.dialogOpen);
    return;
  }
  if (target.closest("[data-dialog-close]")) {
    target.closest("dialog")?.close();
    return;
  }
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  const sheet = target.closest("[data-sheet-url]");
  if (sheet && plain) {
    event.preventDefault();
    openSheet(sheet.dataset.sheetUrl, { title: sheet.dataset.sheetTitle });
  }
}

export function startDialogs() {
  document.addEventListener("submit", onSubmit);
  document.addEventListener("click", onClick);
  /* Coming back through the history must not find a form that says it was sent. */
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      form.removeAttribute("data-sent");
      for (const busy of form.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
    }
  });
}
