// One slide at a time: arrow keys, Page Up and Down, space, Home and End; the address remembers the slide. A slide that
// is taller than the window is made smaller, and what then still does not fit is walked through before the next slide.

const slides = [...document.querySelectorAll(".slide")];
const [back, on, count] = ["back", "on", "count"].map((id) => document.getElementById(id));
const more = Object.assign(document.createElement("button"), { type: "button", id: "more", textContent: "more below ↓" });
const SIZES = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6]; // below the last nobody in the last row reads it
const SCROLLED = 0.85; // size of a slide that does not fit even at the smallest
const BAR = 64; // pixels at the lower edge that the steps may cover
const STEP = 0.8; // of the window, at most, in one step down or up
let now = 0;
let goal = 0; // where a smooth scroll is on its way to
let held = false; // somebody works on the slide: its size stays
let settled; // timer: the scroll has come to rest

const lowest = () => Math.max(0, document.documentElement.scrollHeight - innerHeight);
const isBelow = () => lowest() - goal > 4;

/** Give the slide the largest size at which it fits; widgets keep theirs, they measure pixels. */
function fit() {
  if (held) return;
  const before = scrollY;
  const fits = (size) => {
    slides[now].style.setProperty("--size", size);
    return lowest() === 0;
  };
  if (!SIZES.some(fits)) slides[now].style.setProperty("--size", SCROLLED);
  tell();
  if (scrollY !== before) scrollTo({ top: goal, behavior: "instant" }); // trying small sizes has moved the window
}

function tell() {
  goal = Math.min(goal, lowest());
  more.hidden = !isBelow();
  back.disabled = now === 0 && goal === 0;
  on.disabled = now === slides.length - 1 && !isBelow();
}

function scroll(to, behavior = "auto") {
  goal = Math.max(0, Math.min(lowest(), Math.round(to)));
  scrollTo({ top: goal, behavior });
  tell();
}

function go(to, atEnd = false) {
  now = Math.max(0, Math.min(slides.length - 1, to));
  slides.forEach((slide, i) => slide.classList.toggle("shown", i === now));
  count.textContent = `${now + 1} of ${slides.length}`;
  held = false;
  fit();
  scroll(atEnd ? lowest() : 0, "instant");
  watch.disconnect();
  watch.observe(slides[now]);
  history.replaceState(null, "", `#${slides[now].id}`);
}

/** What is below first, beginning with the block that the lower edge cuts; then the next slide. */
function forward() {
  if (!isBelow()) return now < slides.length - 1 && go(now + 1);
  const gone = goal - scrollY; // still to be scrolled when the key is pressed again soon
  const places = [...slides[now].querySelectorAll("p, li, tr, pre, figure, img, h2, h3")].map((block) => {
    const { top, bottom, height } = block.getBoundingClientRect();
    return { top: top - gone, bottom: bottom - gone, height };
  });
  const cut = places.find(({ bottom, height }) => height > 0 && bottom > innerHeight - BAR);
  const most = STEP * innerHeight;
  scroll(goal + (cut && cut.top > 0.3 * innerHeight ? Math.min(cut.top - 20, most) : most));
}

/** What is above first; then the end of the slide before. */
function backward() {
  if (goal > 0) scroll(goal - STEP * innerHeight);
  else if (now > 0) go(now - 1, true);
}

/** The slide that the address names, or that holds the place it names. */
function named() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const at = slides.indexOf(place?.closest(".slide"));
  return at < 0 ? 0 : at;
}

const STEPS = {
  ArrowRight: forward,
  PageDown: forward,
  " ": forward,
  ArrowLeft: backward,
  PageUp: backward,
  Home: () => go(0),
  End: () => go(slides.length - 1),
};

document.addEventListener("keydown", (event) => {
  const busy = event.target.closest?.("input, select, textarea, .live");
  const pressed = event.key === " " && event.target.closest?.("button, summary, a");
  if (busy || pressed || event.altKey || event.ctrlKey || event.metaKey || !STEPS[event.key]) return;
  event.preventDefault();
  if (event.shiftKey && event.key === " ") backward();
  else STEPS[event.key]();
});
for (const kind of ["click", "pointerdown", "input"]) {
  document.querySelector("main").addEventListener(kind, () => (held = true), true);
}
const watch = new ResizeObserver(() => (fit(), tell())); // a widget comes to life, a fold opens
back.addEventListener("click", backward);
on.addEventListener("click", forward);
more.addEventListener("click", forward);
on.before(more);
addEventListener("scroll", () => {
  clearTimeout(settled);
  settled = setTimeout(() => ((goal = Math.round(scrollY)), tell()), 150); // also after a wheel or a finger
});
addEventListener("resize", () => ((held = false), fit(), scroll(goal, "instant")));
addEventListener("hashchange", () => go(named()));
go(named());
