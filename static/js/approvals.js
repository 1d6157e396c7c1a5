/* The managers' inbox by keys and without leaving the page: approve, less, decline, later.
   Everything here is a form or a link underneath; without this module the page still decides. */
import { closeDialog } from "./dialog.js";
import { get, post } from "./http.js";
import { registerKeys } from "./keys.js";
import { refresh } from "./live.js";
import { morph } from "./morph.js";
import { toast } from "./toast.js";

/* After a card went, the next one lies under the pointer: a second click must not decide it. */
const REST_MS = 700;
const inbox = document.getElementById("inbox");
let sending = false;
let restUntil = 0;

const cards = () => [...inbox.querySelectorAll("[data-card]")];
const current = () => inbox.querySelector("[data-card].is-current");
const picks = (root) => [...root.querySelectorAll("[data-pick]")];

/* ---- The current card -------------------------------------------------------------------- */

function mark(card) {
  for (const other of cards()) other.classList.toggle("is-current", other === card);
}

function go(card, block = "nearest") {
  if (!card) return;
  mark(card);
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block });
}

function step(by) {
  const all = cards();
  const at = all.indexOf(current());
  go(all[Math.max(0, Math.min(all.length - 1, at + by))]);
}

/* The card that took the place of the one that went. The page stays where it is, unless the top of
   that card would be out of sight. */
function settle(place) {
  const all = cards();
  if (!current()) {
    const next = all[Math.min(place, all.length - 1)];
    mark(next);
    if (next && next.getBoundingClientRect().top < inbox.closest("main").getBoundingClientRect().top) {
      next.scrollIntoView({ block: "start" });
    }
  }
  if (document.activeElement === document.body) current()?.focus({ preventScroll: true });
  for (const card of all) middle.observe(card);
  count();
}

/* On a phone the card in the middle of the screen is the one that is meant. */
const phone = matchMedia("(max-width: 719px)");
const middle = new IntersectionObserver((entries) => {
  const here = entries.find((entry) => entry.isIntersecting)?.target;
  if (here && phone.matches) mark(here);
}, { rootMargin: "-50% 0px -50% 0px" });

/* ---- Selection --------------------------------------------------------------------------- */

function amount(micros) {
  const small = micros < 100_000 && micros % 10_000 !== 0;
  return new Intl.NumberFormat("en-US", {
    style: "currency",
    currency: inbox.dataset.currency,
    minimumFractionDigits: small ? 3 : 2,
    maximumFractionDigits: small ? 4 : 2,
  }).format(micros / 1_000_000);
}

function count() {
  const bar = document.getElementById("ap-many");
  if (!bar) return;
  const ticked = picks(inbox).filter((box) => box.checked);
  const able = ticked.filter((box) => !("barred" in box.dataset));
  const sum = able.reduce((total, box) => total + Number(box.dataset.amount), 0);
  bar.querySelector("[data-picked]").textContent = `${ticked.length} selected`;
  bar.querySelector("[data-many-no]").textContent = `Decline ${ticked.length}…`;
  const yes = bar.querySelector("[data-many-yes]");
  yes.textContent = `Approve ${able.length} (${amount(sum)})`;
  yes.disabled = !able.length;
  for (const card of cards()) {
    const all = card.querySelector("[data-all] input");
    if (!all) continue;
    const on = picks(card).filter((box) => box.checked).length;
    all.checked = on === picks(card).length;
    all.indeterminate = on > 0 && !all.checked;
  }
}

function tick(card) {
  const boxes = card ? picks(card) : [];
  const on = !boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = on;
  count();
}

/* ---- Deciding ---------------------------------------------------------------------------- */

function complain(form, result) {
  const line = form.querySelector("[data-reason-error]");
  if (result.data?.field === "reason" && line) {
    const field = form.elements.reason;
    line.querySelector("span").textContent = result.message;
    line.hidden = false;
    field.setAttribute("aria-invalid", "true");
    field.focus();
    return;
  }
  toast({ text: result.message, tone: "bad" });
}

/* Without anchoring the next card moves up to where the decided one was. */
function takeAway(done) {
  inbox.classList.add("is-settling");
  setTimeout(() => inbox.classList.remove("is-settling"), REST_MS);
  for (const pk of done) {
    const spot = inbox.querySelector(`#ap-cards [id="approval-${pk}"]`);
    const card = spot?.closest("[data-card]");
    spot?.remove();
    if (card && card !== spot && !card.querySelector("[data-member]")) card.remove();
  }
  if (done.length) restUntil = performance.now() + REST_MS;
}

/* What was just clicked is under the pointer and would be kept; the server decides whether it stays. */
async function letGo(form) {
  const spots = [form.closest("[data-card], [data-members]"), form.closest(".ap-aside")];
  for (const spot of spots) spot?.setAttribute("data-live-loose", "");
  if (form.contains(document.activeElement)) document.activeElement.blur();
  await refresh(inbox);
  for (const spot of spots) spot?.removeAttribute("data-live-loose");
}

async function decide(form, button) {
  const sheet = form.closest("[data-less-form]");
  const place = inbox ? Math.max(0, cards().indexOf(current())) : 0;
  sending = true;
  button?.setAttribute("aria-busy", "true");
  const result = await post(form.getAttribute("action"), new FormData(form, button));
  button?.removeAttribute("aria-busy");
  sending = false;
  if (!result.ok) {
    complain(form, result);
    if (sheet && result.status !== 0) await price(sheet.querySelector("[data-less-ask]"));
    if (inbox && result.status === 409) await letGo(form).then(() => settle(place));
    return;
  }
  if (!inbox) {
    location.assign(document.querySelector(".page-heading a").href);
    return;
  }
  if (sheet) closeDialog("sheet");
  toast({ text: result.data.text, tone: result.data.all_done ? "ok" : "bad" });
  takeAway(result.data.done);
  form.closest("details[data-no]")?.removeAttribute("open");
  if (form.id === "ap-many") form.reset();
  settle(place);
  await (form.closest(".ap-aside") ? letGo(form) : refresh(inbox));
  settle(place);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-less-ask]")) {
    event.preventDefault();
    price(form);
  } else if (form.matches("[data-decide]")) {
    event.preventDefault();
    if (!sending) decide(form, event.submitter);
  }
}, true);

/* ---- Less -------------------------------------------------------------------------------- */

let asking = null;

async function price(form) {
  if (!form) return;
  asking?.abort();
  asking = new AbortController();
  const box = form.closest("[data-less-form]").parentElement;
  const yes = box.querySelector("[data-decide] button");
  box.querySelector("[data-less-price]").setAttribute("aria-busy", "true");
  if (yes) yes.disabled = true;
  const query = new URLSearchParams(new FormData(form));
  const result = await get(`${form.getAttribute("action")}?${query}`, {
    headers: { "X-Sheet": "1" },
    signal: asking.signal,
  });
  if (result.ok) {
    morph(box, result.data);
    box.querySelector("[data-less-price]")?.removeAttribute("aria-busy");
  } else if (result.message) toast({ text: result.message, tone: "bad" });
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-less-ask]");
  if (form) price(form);
});

/* ---- Keys -------------------------------------------------------------------------------- */

/* A held key repeats; one press is one decision. */
function press(selector, otherwise) {
  return (event) => {
    const card = current();
    if (event.repeat || !card) return card ? undefined : false;
    const button = card.querySelector(selector);
    if (button && !button.disabled) button.click();
    else toast({ text: card.querySelector(".ap-short, .notice")?.textContent.trim() || otherwise, tone: "warn" });
    return undefined;
  };
}

function less(event) {
  const card = current();
  if (!card) return false;
  const links = card.querySelectorAll("[data-less]");
  if (links.length > 1) links[0].focus();
  else press("[data-less]", "Nothing smaller can be approved here: it is one candidate, and no other model.")(event);
  return undefined;
}

function decline(event) {
  const card = current();
  const menu = card?.querySelector("details[data-no]");
  if (!menu) return false;
  if (event.repeat) return undefined;
  menu.open = true;
  return undefined;
}

function start() {
  inbox.addEventListener("focusin", (event) => mark(event.target.closest("[data-card]") ?? current()));
  inbox.addEventListener("click", (event) => {
    if (event.detail > 0 && performance.now() < restUntil) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const card = event.target.closest("[data-card]");
    if (card) mark(card);
  }, true);
  inbox.addEventListener("change", (event) => {
    const all = event.target.closest("[data-all]");
    if (all) for (const box of picks(all.closest("[data-card]"))) box.checked = event.target.checked;
    count();
  });
  inbox.addEventListener("reset", () => setTimeout(count));
  inbox.addEventListener("live:updated", () => settle(0));
  inbox.addEventListener("toggle", (event) => {
    if (!event.target.matches("details[data-no]") || !event.target.open) return;
    event.target.querySelector("[name=reason]").focus({ preventScroll: true });
    event.target.querySelector(".menu-panel").scrollIntoView({ block: "nearest" });
  }, true);
  const mayDecide = "mayDecide" in inbox.dataset;
  if (mayDecide) registerKeys("Approvals", [
    { keys: "1", label: "Approve", run: press("[data-yes]", "You cannot approve this one.") },
    { keys: "2", label: "Approve less…", run: less },
    { keys: "3", label: "Decline…", run: decline },
    { keys: "h", label: "Put aside for 4 hours", run: press("[data-later]", "You cannot put this aside.") },
    { keys: "x", label: "Select the request", run: () => tick(current()) },
  ]);
  registerKeys("Approvals", [
    { keys: "j, ArrowDown", label: "Next request", run: () => step(1) },
    { keys: "k, ArrowUp", label: "Previous request", run: () => step(-1) },
    {
      keys: "Enter",
      label: "Open the asset",
      run: () => {
        const link = current()?.querySelector("[data-asset]");
        if (!link) return false;
        link.click();
        return undefined;
      },
    },
  ]);
  /* A page from the history shows what was; ask what is. */
  addEventListener("pageshow", (event) => {
    if (event.persisted) refresh(inbox);
  });
  mark(cards()[0]);
  for (const card of cards()) middle.observe(card);
  count();
}

/* A link from an e-mail names a request: it becomes current, or the page says what became of it. */
function arrive() {
  const pk = /^#(?:approval|group)-(\d{1,17})$/.exec(location.hash)?.[1];
  if (!pk) return;
  const spot = inbox.querySelector(`#ap-cards [id="approval-${pk}"], #ap-cards [id="group-${pk}"]`);
  const aside = inbox.querySelector(`[data-members~="${pk}"]`);
  if (spot) {
    go(spot.closest("[data-card]"), "start");
    if (spot.matches("[data-member]")) spot.classList.add("is-named");
  } else if (aside) {
    aside.closest("details").open = true;
    aside.scrollIntoView({ block: "center" });
  } else if (!new URLSearchParams(location.search).has("was")) {
    location.replace(`${location.pathname}?was=${pk}`);
  }
}

if (inbox) {
  start();
  arrive();
  addEventListener("hashchange", arrive);
}
