/* Budget: forms in dialogs that show their errors where they are, and what the tiers come to. */
import { openDialog } from "./dialog.js";
import { post } from "./http.js";
import { toast } from "./toast.js";

const plain = (event) => !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-dialog-link]");
  if (!link || !plain(event) || !document.getElementById(link.dataset.dialogLink)) return;
  event.preventDefault();
  openDialog(link.dataset.dialogLink);
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-in-place]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  const headers = { Accept: "text/html", "X-Fragment": "1" };
  const sent = await post(form.action, new FormData(form), { headers });
  if (sent.ok) {
    const to = new URL(sent.response.headers.get("X-Location") ?? location.href, location.href);
    /* another place of this page alone would not load what was just changed */
    const here = to.pathname === location.pathname && to.search === location.search;
    if (here) {
      location.hash = to.hash;
      location.reload();
    } else location.assign(to);
    return;
  }
  button.removeAttribute("aria-busy");
  if (sent.status !== 422 || typeof sent.data !== "string") {
    toast({ text: sent.message, tone: "bad" });
    return;
  }
  const holder = document.createElement("template");
  holder.innerHTML = sent.data;
  const answer = holder.content.querySelector("form");
  form.replaceWith(answer);
  sum(answer);
  (answer.querySelector('[aria-invalid="true"]') ?? answer.querySelector("input:not([type=hidden])"))?.focus();
});

/** Says while typing what the tiers come to; the server decides. */
const amount = (input) => (/^\d+(\.\d{0,2})?$/.test(input?.value.trim() ?? "") ? Number(input.value) : NaN);

function sum(form) {
  const line = form?.querySelector("[data-sum]");
  if (!line) return;
  const tiers = ["low", "medium", "high"].map((name) => amount(form.elements[name]));
  const total = amount(form.elements.total);
  const together = tiers.reduce((all, one) => all + one, 0);
  line.hidden = Number.isNaN(together) || Number.isNaN(total);
  const rest = total - together;
  line.textContent = `The tiers come to ${together.toFixed(2)}; ${Math.abs(rest).toFixed(2)} ${rest < -0.001 ? "more than the total" : "of the total is not given to a tier"}.`;
}

document.addEventListener("input", (event) => sum(event.target.form));
for (const line of document.querySelectorAll("[data-sum]")) sum(line.closest("form"));
