// Light or dark: as the system has it, until somebody chooses; the choice is remembered.

const KEY = "callsheet-theme", system = matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

export const isDark = () => (chosen() || (system.matches ? "dark" : "light")) === "dark";

// Put the theme on the page and let a button turn it over; `changed` is called with each new one.
export function watchTheme(button, changed) {
  const apply = () => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    button.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
    button.title = button.getAttribute("aria-label");
    changed?.(isDark());
  };
  button.onclick = () => {
    const next = isDark() ? "light" : "dark";
    try { localStorage.setItem(KEY, next); } catch { /* private windows may not remember */ }
    apply();
  };
  system.addEventListener("change", apply);
  apply();
}
