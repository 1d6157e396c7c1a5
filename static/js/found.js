/* Shows and hides what the meters found, on every picture of the page at once. */
const buttons = () => document.querySelectorAll("[data-found-toggle]");

function show(on) {
  document.documentElement.toggleAttribute("data-found-shown", on);
  for (const button of buttons()) {
    button.setAttribute("aria-pressed", String(on));
    button.querySelector("span").textContent = `${on ? "Hide" : "Show"} what the meters found`;
  }
}

const isShown = () => document.documentElement.hasAttribute("data-found-shown");
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-found-toggle]")) show(!isShown());
});
document.addEventListener("live:updated", () => show(isShown()));
