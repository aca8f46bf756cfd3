// One slide at a time: arrow keys, Page Up and Down, space, Home and End; the address remembers the slide.

const slides = [...document.querySelectorAll(".slide")];
const [back, on, count] = ["back", "on", "count"].map((id) => document.getElementById(id));
let now = 0;

function go(to) {
  now = Math.max(0, Math.min(slides.length - 1, to));
  slides.forEach((slide, i) => slide.classList.toggle("shown", i === now));
  count.textContent = `${now + 1} of ${slides.length}`;
  back.disabled = now === 0;
  on.disabled = now === slides.length - 1;
  scrollTo({ top: 0, behavior: "instant" });
  history.replaceState(null, "", `#${slides[now].id}`);
}

/** The slide that the address names, or that holds the place it names. */
function named() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const at = slides.indexOf(place?.closest(".slide"));
  return at < 0 ? 0 : at;
}

const STEPS = {
  ArrowRight: () => now + 1,
  PageDown: () => now + 1,
  " ": () => now + 1,
  ArrowLeft: () => now - 1,
  PageUp: () => now - 1,
  Home: () => 0,
  End: () => slides.length - 1,
};

document.addEventListener("keydown", (event) => {
  const busy = event.target.closest?.("input, select, textarea, .live");
  const pressed = event.key === " " && event.target.closest?.("button, summary, a");
  if (busy || pressed || event.altKey || event.ctrlKey || event.metaKey || !STEPS[event.key]) return;
  event.preventDefault();
  go(STEPS[event.key]());
});
back.addEventListener("click", () => go(now - 1));
on.addEventListener("click", () => go(now + 1));
addEventListener("hashchange", () => go(named()));
go(named());
