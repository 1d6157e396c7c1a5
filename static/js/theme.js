/* Light, dark or the system's choice. A classic script in the head, so that the first paint is
   right; it must not import anything and must not wait for the document. */
(() => {
  const KEY = "switchyard.theme";
  const root = document.documentElement;

  const read = () => {
    try {
      return localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto";
    }
  };

  const apply = (choice) => {
    if (choice === "auto") delete root.dataset.theme;
    else root.dataset.theme = choice;
  };

  const mark = () => {
    const choice = read();
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === choice));
    }
  };

  apply(read());
  document.addEventListener("DOMContentLoaded", mark);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme-set]");
    if (!button) return;
    try {
      localStorage.setItem(KEY, button.dataset.themeSet);
    } catch {
      /* private window: the choice lasts as long as the page */
    }
    apply(button.dataset.themeSet);
    mark();
  });
  addEventListener("storage", (event) => {
    if (event.key === KEY) {
      apply(read());
      mark();
    }
  });
})();
