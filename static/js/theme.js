// Runs before the first paint, so that a remembered theme never flashes. Without a choice the system decides.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const chosen = localStorage.getItem("portal-theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden: the system's theme is then the only one.
  }
})();
