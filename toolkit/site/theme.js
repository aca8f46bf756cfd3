// Light or dark: as the system says, until the reader chooses.

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

/** What the reader chose on an earlier page; storage may be refused on disk. */
function chosen() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return root.dataset.chosen ?? null;
  }
}

function paint() {
  const night = (chosen() ?? (dark.matches ? "dark" : "light")) === "dark";
  root.dataset.theme = night ? "dark" : "light";
  root.dataset.jpThemeLight = String(!night); // what the widgets look at
  const button = document.getElementById("theme");
  if (button) button.setAttribute("aria-pressed", String(night));
}

function toggleTheme() {
  const theme = root.dataset.theme === "dark" ? "light" : "dark";
  root.dataset.chosen = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // it lasts for this page
  }
  paint();
}

dark.addEventListener("change", paint);
document.getElementById("theme").addEventListener("click", toggleTheme);
paint();
