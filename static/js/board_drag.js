/* Dragging cards with mouse, pen or finger to a neighbouring column. Knows nothing of the server. */

const START_PX = 6;
const HOLD_MS = 320;
const EDGE_PX = 48;

/**
 * Starts dragging on `board`. `carried(card)` gives the cards that go along; `drop(cards,
 * direction)` is called with "next" or "back" when they are let go over a neighbouring column.
 */
export function startDrag(board, { carried, drop }) {
  let drag = null;

  const columnAt = (x, y) => document.elementFromPoint(x, y)?.closest("[data-column]") ?? null;

  function begin() {
    const { card } = drag;
    clearTimeout(drag.timer);
    drag.cards = carried(card);
    drag.columns = [...board.querySelectorAll("[data-column]")];
    drag.from = drag.columns.indexOf(card.closest("[data-column]"));
    drag.on = true;
    const box = card.getBoundingClientRect();
    drag.offset = [drag.x - box.left, drag.y - box.top];
    drag.ghost = card.cloneNode(true);
    drag.ghost.removeAttribute("id");
    drag.ghost.className = "item drag-ghost";
    drag.ghost.dataset.count = drag.cards.length;
    drag.ghost.style.width = `${box.width}px`;
    drag.ghost.setAttribute("aria-hidden", "true");
    document.body.append(drag.ghost);
    for (const one of drag.cards) one.dataset.dragging = "";
    document.documentElement.classList.add("is-dragging-board");
    for (const at of [drag.from - 1, drag.from + 1]) drag.columns[at]?.classList.add("is-target");
    navigator.vibrate?.(10);
    follow();
  }

  function follow() {
    drag.ghost.style.transform = `translate(${drag.x - drag.offset[0]}px, ${drag.y - drag.offset[1]}px)`;
    const over = columnAt(drag.x, drag.y);
    for (const one of drag.columns) one.classList.toggle("is-over", one === over && one.classList.contains("is-target"));
    const box = board.getBoundingClientRect();
    if (drag.x > box.right - EDGE_PX) board.scrollBy({ left: 14 });
    if (drag.x < box.left + EDGE_PX) board.scrollBy({ left: -14 });
  }

  function end(commit) {
    if (!drag) return;
    clearTimeout(drag.timer);
    const ended = drag;
    drag = null;
    if (!ended.on) return;
    const over = columnAt(ended.x, ended.y);
    const by = ended.columns.indexOf(over) - ended.from;
    ended.ghost.remove();
    document.documentElement.classList.remove("is-dragging-board");
    for (const one of ended.cards) delete one.dataset.dragging;
    for (const one of ended.columns) one.classList.remove("is-target", "is-over");
    /* the click that follows letting go must not open the card */
    const swallow = (event) => {
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }), 50);
    if (commit && over && Math.abs(by) === 1) drop(ended.cards, by > 0 ? "next" : "back");
  }

  board.addEventListener("pointerdown", (event) => {
    const card = event.target.closest("[data-card]");
    const onControl = event.target.closest(".item-over, button, input");
    if (!card || onControl || event.button !== 0 || drag) return;
    drag = { card, x: event.clientX, y: event.clientY, pointer: event.pointerId, on: false };
    [drag.startX, drag.startY, drag.touch] = [drag.x, drag.y, event.pointerType === "touch"];
    if (drag.touch) drag.timer = setTimeout(begin, HOLD_MS);
  });

  addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    [drag.x, drag.y] = [event.clientX, event.clientY];
    const far = Math.hypot(drag.x - drag.startX, drag.y - drag.startY) > START_PX;
    if (drag.on) follow();
    else if (far && drag.touch) end(false);
    else if (far) begin();
  });

  /* a finger that holds a card drags it; without this the page would scroll instead */
  addEventListener("touchmove", (event) => drag?.on && event.preventDefault(), { passive: false });
  addEventListener("contextmenu", (event) => drag?.touch && event.preventDefault());
  addEventListener("pointerup", (event) => event.pointerId === drag?.pointer && end(true));
  addEventListener("pointercancel", (event) => event.pointerId === drag?.pointer && end(false));
  addEventListener("keydown", (event) => event.key === "Escape" && drag?.on && end(false));
  board.addEventListener("dragstart", (event) => event.preventDefault());
}
