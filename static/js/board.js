/* The board: focus by keys, selection, moving by drag and by keys, more cards on scroll.
   The server decides what a move does; this module asks and says what came of it. */
import { startDrag } from "./board_drag.js";
import { confirm } from "./dialog.js";
import { post, get } from "./http.js";
import { registerKeys } from "./keys.js";
import { refresh } from "./live.js";
import { toast } from "./toast.js";

const board = document.querySelector("[data-board]");
const bar = document.getElementById("board-form");
const status = document.querySelector("[data-board-status]");
const phone = matchMedia("(max-width: 719px)");

const all = () => [...board.querySelectorAll("[data-card]")];
const columns = () => [...board.querySelectorAll("[data-column]")];
const ticked = () => all().filter((card) => card.querySelector("input[name='ids']").checked);
const link = (card) => card.querySelector(".item-title");
const current = () =>
  board.querySelector("[data-card]:focus-within") ?? board.querySelector("[data-card].is-current");

/* ---- Focus ------------------------------------------------------------------------------- */

function go(card) {
  if (!card) return;
  for (const other of board.querySelectorAll(".is-current")) other.classList.remove("is-current");
  card.classList.add("is-current");
  link(card).focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function step(by) {
  const now = current();
  if (!now) return go(all()[0]);
  const cards = [...now.closest("[data-column]").querySelectorAll("[data-card]")];
  const at = cards.indexOf(now) + by;
  if (at >= cards.length) more(now.closest("[data-column]").querySelector("[data-more]"));
  return go(cards[at]);
}

function aside(by) {
  const now = current();
  if (!now) return go(all()[0]);
  const lists = columns();
  const from = now.closest("[data-column]");
  const place = [...from.querySelectorAll("[data-card]")].indexOf(now);
  for (let at = lists.indexOf(from) + by; lists[at]; at += by) {
    const cards = lists[at].querySelectorAll("[data-card]");
    if (cards.length) return go(cards[Math.min(place, cards.length - 1)]);
  }
  return undefined;
}

board.addEventListener("focusin", (event) => {
  const card = event.target.closest("[data-card]");
  for (const other of board.querySelectorAll(".is-current")) {
    if (other !== card) other.classList.remove("is-current");
  }
  card?.classList.add("is-current");
});

/* ---- Selection --------------------------------------------------------------------------- */

function count() {
  const chosen = ticked();
  const words = bar.querySelector("[data-selected-count]");
  words.textContent = chosen.length === 1 ? "1 card" : `${chosen.length} cards`;
  const pack = bar.querySelector("[data-package]");
  if (!pack) return;
  const ready = chosen.length > 0 && chosen.every((card) => "ready" in card.dataset);
  pack.classList.toggle("is-offered", ready);
  pack.href = `${board.dataset.exportsUrl}?ids=${chosen.map((card) => card.dataset.card).join(",")}`;
}

function tick(card, on) {
  if (!card) return;
  const box = card.querySelector("input[name='ids']");
  box.checked = on ?? !box.checked;
  count();
}

function clear() {
  for (const card of ticked()) tick(card, false);
  count();
}

let last = null;
board.addEventListener("change", (event) => {
  if (event.target.name === "ids") count();
});
board.addEventListener("click", (event) => {
  const card = event.target.closest("[data-card]");
  if (!card) return;
  const onBox = event.target.matches("input[name='ids']");
  const wants = event.ctrlKey || event.metaKey;
  if (event.shiftKey && last && last !== card) {
    const cards = all();
    const [from, to] = [cards.indexOf(last), cards.indexOf(card)].sort((a, b) => a - b);
    for (const one of cards.slice(Math.max(0, from), to + 1)) tick(one, true);
    if (!onBox) event.preventDefault();
  } else if (event.target.closest(".item-title") && wants && event.shiftKey) {
    tick(card);
    event.preventDefault();
  }
  last = card;
});
bar.querySelector("[data-clear-selection]").addEventListener("click", clear);

/* ---- Moving ------------------------------------------------------------------------------ */

const isDone = (one) => one.outcome === "moved" || one.outcome === "cancelled";

function say(one) {
  if (isDone(one)) toast({ text: `${one.title}: ${one.text}`, tone: "ok" });
  else if (one.outcome === "gate") {
    toast({ text: `${one.title}: ${one.text}`, tone: "warn", action: { label: "Open", url: one.url } });
  } else toast({ text: `${one.title} stays: ${one.text}`, tone: "bad" });
}

function tell(results, direction) {
  const moved = results.filter(isDone);
  const gates = results.filter((one) => one.outcome === "gate");
  if (direction === "next" && results.length === 1 && gates.length === 1) {
    location.assign(gates[0].url);
    return;
  }
  if (moved.length > 3) toast({ text: `${moved.length} cards ${moved[0].outcome}.`, tone: "ok" });
  else moved.forEach(say);
  results.filter((one) => !isDone(one)).slice(0, 4).forEach(say);
  const more = results.length - moved.length - 4;
  if (more > 0) toast({ text: `${more} more cards stay where they are.`, tone: "warn" });
}

const agreed = (count) => confirm({
  title: count === 1 ? "Stop what is under way on this card?" : `Stop what is under way on ${count} cards?`,
  text: "What is held and not billed is free again. What a provider has made already is paid for and kept.",
  action: "Stop the work",
  tone: "bad",
});

async function move(cards, direction) {
  if (!cards.length || !("mayRun" in board.dataset)) return;
  if (direction === "cancel" && !(await agreed(cards.length))) return;
  const held = current()?.dataset.card;
  status.textContent = cards.length === 1 ? "Moving the card" : `Moving ${cards.length} cards`;
  for (const card of cards) card.setAttribute("aria-busy", "true");
  const answer = await post(board.dataset.moveUrl, {
    direction,
    ids: cards.map((card) => card.dataset.card),
    seen: cards.map((card) => `${card.dataset.card}:${card.dataset.revision}`),
  });
  for (const card of cards) card.removeAttribute("aria-busy");
  if (answer.ok) tell(answer.data.results, direction);
  else toast({ text: answer.message, tone: "bad" });
  status.textContent = "";
  clear();
  /* a focused card is held where it is; let go, and take it up where it went */
  if (board.contains(document.activeElement)) document.activeElement.blur();
  await refresh(board);
  go(held && document.getElementById(`asset-${held}`));
}

const chosen = () => {
  const many = ticked();
  const one = current();
  return many.length ? many : [one].filter(Boolean);
};

bar.addEventListener("submit", (event) => {
  event.preventDefault();
  move(ticked(), event.submitter?.value ?? "next");
});

if ("mayRun" in board.dataset) {
  startDrag(board, {
    carried: (card) => (ticked().includes(card) ? ticked() : [card]),
    drop: move,
  });
}

registerKeys("Board", [
  { keys: "j, ArrowDown", label: "Next card", run: () => step(1) },
  { keys: "k, ArrowUp", label: "Previous card", run: () => step(-1) },
  { keys: "l, ArrowRight", label: "Column to the right", run: () => aside(1) },
  { keys: "h, ArrowLeft", label: "Column to the left", run: () => aside(-1) },
  { keys: "x", label: "Select the card", run: () => tick(current()) },
  { keys: "Shift .", label: "To the next stage", run: () => void move(chosen(), "next") },
  { keys: "Shift ,", label: "To the previous stage", run: () => void move(chosen(), "back") },
  { keys: "Escape", label: "Clear the selection", run: () => (ticked().length ? clear() : false) },
]);

/* ---- More cards -------------------------------------------------------------------------- */

function remember(stage, shown) {
  const url = new URL(board.dataset.liveUrl, location.href);
  const counts = new Map(
    (url.searchParams.get("show") ?? "").split(",").filter(Boolean).map((one) => one.split(":")),
  );
  counts.set(stage, shown);
  url.searchParams.set("show", [...counts].map((pair) => pair.join(":")).join(","));
  board.dataset.liveUrl = url.pathname + url.search;
}

async function more(button) {
  if (!button || button.getAttribute("aria-busy") === "true") return;
  const { more: stage, offset } = button.dataset;
  button.setAttribute("aria-busy", "true");
  const url = new URL(board.dataset.columnUrl.replace("generation", stage), location.href);
  url.search = new URL(board.dataset.liveUrl, location.href).search;
  url.searchParams.set("offset", offset);
  const answer = await get(url.pathname + url.search);
  button.removeAttribute("aria-busy");
  if (!answer.ok) {
    toast({ text: answer.message, tone: "bad" });
    return;
  }
  const box = document.createElement("template");
  box.innerHTML = answer.data;
  const list = document.getElementById(`cards-${stage}`);
  const fresh = [...box.content.querySelectorAll("[data-card]")];
  list.append(...fresh.filter((card) => !document.getElementById(card.id)));
  const shown = Number(offset) + fresh.length;
  const left = Number(button.dataset.left) - fresh.length;
  remember(stage, shown);
  Object.assign(button.dataset, { offset: shown, left });
  button.textContent = `Show more, ${left} left`;
  if (left <= 0 || !fresh.length) button.remove();
}

board.addEventListener("click", (event) => {
  const button = event.target.closest("[data-more]");
  if (!button || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  more(button);
});
const near = new IntersectionObserver(
  (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => more(one.target)),
  { rootMargin: "200px 0px" },
);
/* only after a first scroll: a column that just opened asks for nothing more */
const watchMore = (event) => {
  const button = event.target.closest?.("[data-column]")?.querySelector("[data-more]");
  if (button) near.observe(button);
};
board.addEventListener("scroll", watchMore, { capture: true, passive: true });

/* ---- Phone: one column at a time ----------------------------------------------------------- */

const tabs = [...document.querySelectorAll("[data-column-tab]")];
function mark() {
  if (!phone.matches || !tabs.length) return;
  const at = Math.round(board.scrollLeft / Math.max(1, board.clientWidth));
  tabs.forEach((tab, index) => {
    if (index !== at) tab.removeAttribute("aria-current");
    else if (!tab.hasAttribute("aria-current")) {
      tab.setAttribute("aria-current", "true");
      tab.parentElement.scrollTo({ left: tab.offsetLeft - 60, behavior: "smooth" });
    }
  });
}
for (const tab of tabs) {
  tab.addEventListener("click", (event) => {
    event.preventDefault();
    const at = tabs.indexOf(tab);
    board.scrollTo({ left: at * board.clientWidth, behavior: "smooth" });
  });
}
board.addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
phone.addEventListener("change", mark);

/* ---- Start ------------------------------------------------------------------------------- */

board.addEventListener("live:updated", count);
const fresh = board.querySelector(".is-new");
if (fresh) {
  fresh.scrollIntoView({ block: "nearest", inline: "nearest" });
  const url = new URL(location.href);
  url.searchParams.delete("new");
  history.replaceState(null, "", url);
  setTimeout(() => fresh.classList.remove("is-new"), 3000);
}
if (phone.matches && !fresh) {
  const first = columns().findIndex((column) => column.querySelector(".needs-you"));
  if (first > 0) board.scrollTo({ left: first * board.clientWidth });
}
mark();
count();
