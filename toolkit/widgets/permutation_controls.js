// What the learner can press, drag and type: Play, the range, single swaps, swaps by hand, Undo.

/** Play from the present k to the end (from the start, when already there); `set(k, same)` moves. */
function swapPlayer(data, get, set) {
  return filmPlayer(() => {
    const from = get() >= data.last ? 0 : get();
    const grid = isCalm() ? Math.ceil(data.last / 10) : 1; // about ten still pictures, not a film
    const whole = Math.min(14000, Math.max(4000, 160 * data.last));
    let moved = false;
    return (time) => {
      const k = Math.min(data.last, from + grid * Math.floor((time / whole) * (data.last / grid)));
      if (k !== get()) {
        set(k, moved);
        moved = true;
      }
      return k >= data.last;
    };
  });
}

/** The range input: one drag, or one key held down, is one action. */
function swapRange(data, go) {
  const input = html("input", { type: "range", min: 0, max: data.last, step: 1, class: "tk-range tkp-range", "aria-label": "number of swaps done, from B as it was trained to its aligned copy" });
  const jumps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity };
  let dragging = false;
  input.addEventListener("input", () => {
    go(input.valueAsNumber, dragging);
    dragging = true;
  });
  input.addEventListener("change", () => (dragging = false));
  input.addEventListener("keydown", (event) => {
    if (!(event.key in jumps)) return;
    event.preventDefault();
    go(input.valueAsNumber + jumps[event.key], event.repeat);
  });
  return input;
}

function numberBox(label, max) {
  return html("input", { type: "number", min: 0, max, step: 1, "aria-label": label });
}

/** Play, one swap back and forward, the two ends, Undo, Reset, and k as a number. */
function swapButtons(data, act) {
  const { element: play, playing } = playButton(act.play, "tkp-play");
  const back = pressable("tk-back", "1", () => act.by(-1), "one swap back");
  const forth = pressable("tk-forth", "1", () => act.by(1), "one swap forward");
  const start = pressable("tk-first", "start", () => act.go(0), "go to B as it was trained");
  const aligned = pressable("tk-last", "aligned", () => act.go(data.last), "go to the aligned copy");
  const undo = pressable("tkp-undo", "Undo", act.undo, "Undo the last action");
  const reset = pressable("tkp-reset", "Reset", act.reset, "Reset: no swaps at all");
  const number = numberBox("exact number of swaps", data.last);
  number.addEventListener("change", () => act.go(number.value === "" ? NaN : number.valueAsNumber));
  const element = html("div", { class: "tk-controls tkp-controls" }, play, back, forth, start, aligned, undo, reset, html("label", { class: "tkp-number" }, "k =", number));
  function draw(state, past) {
    number.value = state.k;
    back.disabled = state.k === 0;
    forth.disabled = state.k === data.last;
    play.disabled = data.last === 0;
    undo.disabled = past.length === 0;
    reset.disabled = state.k === 0 && state.byHand.length === 0;
  }
  return { element, playing, draw };
}

/** Two places and a Swap button: what clicks on two columns do, for the keyboard. */
function handBox(data, swap) {
  const boxes = ["first", "second"].map((which) => numberBox(`${which} place to swap`, 0));
  const button = pressable("tkp-swap", "Swap", () => swap(...boxes.map((box) => (box.value === "" ? NaN : box.valueAsNumber))), "Swap the units at these two places");
  for (const box of boxes) box.addEventListener("keydown", (event) => event.key === "Enter" && button.click());
  const layer = html("b");
  const message = html("p", { class: "tkp-message", role: "status", "aria-live": "polite" });
  const line = html("div", { class: "tk-controls tkp-hand" }, html("span", {}, "By hand in ", layer, ":"), boxes[0], "and", boxes[1], button);
  let shown = null;
  const draw = (state, picked) => {
    const group = data.groups[state.shown];
    layer.textContent = group.name;
    for (const box of boxes) box.max = group.size - 1;
    if (picked !== shown) boxes[0].value = picked ?? "";
    shown = picked;
  };
  const clear = () => boxes.forEach((box) => (box.value = ""));
  return { element: html("div", { class: "tkp-by-hand" }, line, message), message, draw, clear };
}
