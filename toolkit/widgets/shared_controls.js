// Buttons with an icon, Play and what it plays, and presses on a chart; their icons are in shared.css.

/** A button with an icon and a text. */
function pressable(className, text, action, label = text) {
  const node = html("button", { type: "button", class: className, "aria-label": label }, html("i", { "aria-hidden": "true" }), text);
  node.addEventListener("click", action);
  return node;
}

/** The Play button, and `playing(on)`, which makes it the Pause button. */
function playButton(action, more = "") {
  const element = pressable(`tk-play ${more}`.trim(), "Play", action);
  const playing = (on) => {
    element.classList.toggle("tk-on", on);
    element.lastChild.textContent = on ? "Pause" : "Play";
    element.setAttribute("aria-label", on ? "Pause" : "Play");
  };
  return { element, playing };
}

/** Whether still pictures are wanted instead of films. */
function isCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** What Play plays. `begin()` starts it: a function of the milliseconds gone, which moves on and says whether it has ended. */
function filmPlayer(begin) {
  let frame = null;
  const film = { onchange: () => {} };
  const stop = () => {
    if (frame === null) return;
    cancelAnimationFrame(frame);
    frame = null;
    film.onchange(false);
  };
  const play = () => {
    const move = begin();
    let begun = null;
    const step = (time) => {
      begun ??= time;
      if (move(time - begun)) stop();
      else frame = requestAnimationFrame(step);
    };
    film.onchange(true);
    frame = requestAnimationFrame(step);
  };
  return Object.assign(film, { stop, toggle: () => (frame === null ? play() : stop()) });
}

/** Press and drag along a chart: `go(x)` gets the pixels from its left edge, unless `instead(event)` takes the press. */
function dragAlong(figure, go, instead = () => false) {
  let held = false;
  const toPointer = (event) => go(event.clientX - figure.getBoundingClientRect().left);
  figure.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    if (instead(event)) return;
    figure.setPointerCapture(event.pointerId);
    held = true;
    toPointer(event);
  });
  figure.addEventListener("pointermove", (event) => held && toPointer(event));
  figure.addEventListener("lostpointercapture", () => (held = false));
}

/** Index of the entry of xs nearest to x, in any order. */
function closest(xs, x) {
  return xs.reduce((best, at, i) => (Math.abs(at - x) < Math.abs(xs[best] - x) ? i : best), 0);
}
