/* Small conveniences of the frame: menus close, rows open, text is copied, filters apply at once. */
import { toast } from "./toast.js";

const menus = () => document.querySelectorAll("details.menu[open]");

function onClick(event) {
  const target = event.target;
  if (!(target instanceof Element)) return;
  for (const menu of menus()) if (!menu.contains(target)) menu.open = false;

  const copy = target.closest("[data-copy]");
  if (copy) {
    navigator.clipboard.writeText(copy.dataset.copy).then(
      () => toast({ text: "Copied" }),
      () => toast({ text: "The browser did not allow copying. Select the text instead.", tone: "warn" }),
    );
    return;
  }
  const row = target.closest("[data-href]");
  const own = target.closest("a, button, input, label, select, summary, [data-no-open]");
  if (row && !(own && row.contains(own)) && !String(getSelection())) {
    if (event.ctrlKey || event.metaKey) open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  }
}

function onKey(event) {
  const menu = event.target instanceof Element ? event.target.closest("details.menu[open]") : null;
  if (event.key === "Escape") {
    for (const one of menus()) one.open = false;
    menu?.querySelector("summary").focus();
    return;
  }
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key) || event.target.matches("input, select, textarea")) return;
  const items = [...menu.querySelectorAll(".menu-panel :is(a, button, input)")];
  const step = event.key === "ArrowDown" ? 1 : -1;
  const next = items[(items.indexOf(document.activeElement) + step + items.length) % items.length] ?? items[0];
  next?.focus();
  event.preventDefault();
}

export function startNav() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", (event) => {
    const marked = event.target.closest?.("[data-submit-on-change]");
    if (marked) event.target.form?.requestSubmit();
  });
  /* One menu at a time. "toggle" does not bubble. */
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.("details.menu") || !event.target.open) return;
    for (const menu of menus()) if (menu !== event.target && !menu.contains(event.target)) menu.open = false;
  }, true);
}
