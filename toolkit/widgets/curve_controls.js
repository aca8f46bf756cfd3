// What the learner can press, drag and type: Play, the range, the jumps, t as a number, the charts themselves.

/** Play from the present t to the end (from the start, when already there). */
function curvePlayer(data, get, set) {
  const [first, last] = [data.t[0], data.t[data.t.length - 1]];
  return filmPlayer(() => {
    const from = get() >= last - 1e-9 ? first : get();
    const calm = isCalm(); // then ten still pictures, not a film
    return (time) => {
      const gone = (time / 7000) * (last - first);
      const grid = (last - first) / 10;
      const t = Math.min(last, from + (calm ? Math.floor(gone / grid) * grid : gone));
      set(t);
      return t >= last;
    };
  });
}

/** The range input with its keys: arrows go from measured point to measured point, Page keys five at a time. */
function slider(data, set) {
  const [first, last] = [data.t[0], data.t[data.t.length - 1]];
  const input = html("input", { type: "range", min: first, max: last, step: "any", class: "tk-range",
    "aria-label": "position t on the path from network A to network B" });
  const jumps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 };
  input.addEventListener("input", () => set(input.valueAsNumber));
  input.addEventListener("keydown", (event) => {
    const jump = jumps[event.key] ?? { Home: -Infinity, End: Infinity }[event.key];
    if (jump === undefined) return;
    event.preventDefault();
    const { index, fraction } = locate(data.t, input.valueAsNumber);
    const exact = index + (fraction > 1 - 1e-6 ? 1 : fraction < 1e-6 ? 0 : fraction);
    const target = jump > 0 ? Math.floor(exact) + jump : Math.ceil(exact) + jump;
    set(data.t[Math.min(data.t.length - 1, Math.max(0, target))]);
  });
  return input;
}

/** Play, the four places worth a look, and t as a number. */
function controls(data, play, set, places) {
  const { element: start, playing } = playButton(play);
  const number = html("input", { type: "number", min: data.t[0], max: data.t[data.t.length - 1], step: 0.01, "aria-label": "exact t" });
  number.addEventListener("change", () => set(number.valueAsNumber));
  const jumps = [["tk-go-a", "A", "go to network A"], ["tk-go-middle", "middle", "go to the middle"],
    ["tk-go-top", "barrier", "go to the top of the barrier"], ["tk-go-b", "B", "go to network B"]];
  const buttons = jumps.map(([name, text, label], i) => pressable(name, text, () => set(places()[i]), label));
  const element = html("div", { class: "tk-controls" }, start, ...buttons, html("label", { class: "tk-exact" }, "t =", number));
  const top = buttons[2];
  return { element, playing, number, top };
}

function legend(withOthers) {
  const line = (name) => svg("svg", { width: 26, height: 10, "aria-hidden": "true" },
    svg("line", { x1: 1, x2: 25, y1: 5, y2: 5, class: name }));
  const lines = [["tk-train", "train"], ["tk-test", "test"], ["tk-chord", "straight chord"]];
  if (withOthers) lines.push(["tk-ghost", "the others"]);
  return html("div", { class: "tk-legend" }, ...lines.map(([name, words]) => html("span", {}, line(name), words)));
}

/** Press and drag on a surface. */
function dragOn(surface, action) {
  surface.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    surface.setPointerCapture(event.pointerId);
    action(event);
  });
  surface.addEventListener("pointermove", (event) => {
    if (surface.hasPointerCapture(event.pointerId)) action(event);
  });
}
