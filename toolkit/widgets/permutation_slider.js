// PermutationSlider: renumber B's units until they stand beside their partners in A. Everything on the slider's way was
// measured in Python beforehand; only the line of an arrangement made by hand is asked of the kernel.

const HINT = "Click two columns, or type two places, and see what a swap of your own does.";
const NO_KERNEL = "The curve of an arrangement made by hand needs a kernel; grey is the last one measured.";
const HAND_BESIDE = 700; // a narrower widget has swaps by hand below both columns, see permutation_slider.css
const ASKED = "The kernel is measuring this arrangement; until then, grey is the last one measured.";

/** A change to the output, short: 0, or one digit and a power of ten. */
function tiny(value) {
  return value === 0 ? "0" : value.toExponential(0);
}

/** The numbers of a state, each with its name and what to compare it with. */
function facts(data, state) {
  const { found, byHand } = state;
  const about = found && !found.exact ? "≈ " : "";
  const start = data.known[0];
  return [
    ["swaps", `${state.k} of ${data.last}`, byHand.length ? `and ${byHand.length} by hand` : "none by hand"],
    ["barrier", found ? `${about}${state.barrier.value.toFixed(2)} nats` : "–", `start: ${data.barriers[0].toFixed(2)}`],
    ["score", minus(state.total, 1), `of ${data.best.toFixed(1)} possible`],
    ["distance ‖A − P(B)‖", found ? `${about}${found.distance.toFixed(1)}` : "–", `start: ${start.distance.toFixed(1)}`],
    ["largest change of f", found ? about + tiny(found.change) : "–", `outputs reach ${+data.largest.toPrecision(2)}`],
  ];
}

/** The same as one sentence. */
function spokenFacts(data, state) {
  const [swaps, barrier, score, distance, change] = facts(data, state);
  const unknown = state.found ? "" : " (not measured)";
  return `swap ${swaps[1]}${state.byHand.length ? ` ${swaps[2]}` : ""} · barrier ${barrier[1]}${unknown} (${barrier[2]}) · score ${score[1]} ${score[2]} · ` +
    `distance ${distance[1]} (${distance[2]}) · largest change of any output ${change[1]}`;
}

function factTiles() {
  const element = html("div", { class: "tkp-facts", "aria-hidden": "true" });
  const draw = (data, state) => element.replaceChildren(...facts(data, state).map(([name, value, more]) =>
    html("div", {}, html("span", {}, name), html("strong", {}, value), html("span", {}, more))));
  return { element, draw };
}

/** The barrier before and after a swap by hand, as far as the one before was measured. */
function barrierStep(before, after) {
  const start = before.found ? `${before.found.exact ? "" : "≈ "}${before.barrier.value.toFixed(2)} → ` : "";
  return start + after.barrier.value.toFixed(2);
}

/** What the controls do: they change the model, and the model's listeners change what is shown. */
function swapActions(model, data, view) {
  const get = () => ({ k: model.get("k"), byHand: model.get("swaps_by_hand") });
  const store = (k, byHand, past) => save(model, { k, swaps_by_hand: byHand, ...(past && { _past: past }) });
  const remembered = () => [...model.get("_past"), [model.get("k"), model.get("swaps_by_hand")]].slice(-100);
  const set = (wanted, same) => {
    const { k: old, byHand } = get();
    const k = Number.isNaN(wanted) ? old : Math.min(data.last, Math.max(0, Math.round(wanted)));
    if (k === old) return view.show(); // an impossible number typed in gives way to the true one
    const many = byHand.length === 1 ? "1 swap by hand is" : `${byHand.length} swaps by hand are`;
    if (byHand.length || !same) view.say(byHand.length ? `Your ${many} set aside: the slider shows its own way. Undo brings them back.` : HINT);
    store(k, [], same ? null : remembered());
  };
  const film = swapPlayer(data, () => get().k, set);
  const go = (k, same = false) => {
    film.stop();
    set(k, same);
  };
  return { film, go, play: film.toggle, by: (step) => go(get().k + step), ...handActions(model, data, view, { get, store, remembered, film }) };
}

/** Swaps by hand, and what takes actions back. */
function handActions(model, data, view, { get, store, remembered, film }) {
  return {
    swap(i, j) {
      const group = data.groups.find(({ name }) => name === model.get("group"));
      const fits = (place) => Number.isInteger(place) && place >= 0 && place < group.size;
      if (!fits(i) || !fits(j) || i === j) return view.say(`Two different places from 0 to ${group.size - 1} can be swapped.`);
      film.stop();
      const { k, byHand } = get();
      const before = presentState(model, data);
      store(k, [...byHand, [group.name, i, j]], remembered());
      view.clear();
      const gain = presentState(model, data).total - before.total;
      const words = `Places ${i} and ${j} of ${group.name} swapped: score ${gain < 0 ? "−" : "+"}${Math.abs(gain).toFixed(2)}`;
      const here = (state) => state.k === k && state.byHand.length === byHand.length + 1;
      view.say(`${words}.`, (state) => here(state) && `${words}, barrier ${barrierStep(before, state)}.`);
    },
    undo() {
      film.stop();
      const past = model.get("_past");
      if (!past.length) return;
      const [k, byHand] = past.at(-1);
      store(k, byHand, past.slice(0, -1));
      view.say("The last action is taken back.");
    },
    reset() {
      film.stop();
      store(0, [], remembered());
      view.say("B stands as it was trained. Undo takes this back too.");
    },
  };
}

/** The score of every layer, on the button that shows it; left out where there are many. */
function groupScores(element, data, { totals }) {
  if (data.groups.length > 6) return;
  [...element.querySelectorAll("label span")].forEach((span, g) => {
    const { name, best, watched } = data.groups[g];
    span.replaceChildren(name, html("small", {}, watched ? ` ${minus(totals[g], 1)} of ${best.toFixed(1)}` : ""));
  });
}

/** Every part of the widget, put together. */
function assembleSwaps(data, act, choose, chooseGroup) {
  const parts = {
    matrix: matrixPanel(data, choose), line: linePanel(data), filters: data.filters && filtersPanel(data),
    track: barrierTrack(data), range: swapRange(data, act.go), buttons: swapButtons(data, act), hand: handBox(data, act.swap), facts: factTiles(),
    groups: segments("Layer", data.groups.map(({ name }) => [name, name]), unique("tkp-group"), chooseGroup),
    spoken: spokenLine(),
  };
  const choices = html("div", { class: "tk-choices tkp-choices" }, parts.groups.element);
  const right = html("div", { class: "tkp-right" }, parts.line.element, parts.hand.element);
  const body = html("div", { class: "tkp-body" }, parts.matrix.element, right);
  const road = html("div", { class: "tkp-road" }, html("span", { class: "tkp-road-name" }, "barrier by number of swaps"), parts.track.element, parts.range);
  parts.root = html("div", { class: "tk tk-permutation-slider", role: "group", "aria-label": "Renumbering B's units to match those of A" }, choices, body,
    road, parts.buttons.element, parts.facts.element, ...(parts.filters ? [parts.filters.element] : []), parts.spoken);
  return parts;
}

function render({ model, el }) {
  const data = readSwaps(model);
  let picked = null; // the first of two columns
  let later = null; // what to say once the arrangement is measured, as a function of the state
  const say = (words, measured = null) => {
    parts.hand.message.textContent = words;
    later = measured;
  };
  const view = { show: () => draw(), say, clear: () => parts.hand.clear() };
  const act = swapActions(model, data, view);
  const choose = (place) => {
    const first = picked;
    picked = first === null ? place : null;
    if (first === null) view.say(`Place ${place} is chosen; choose the second, or the same again to let go.`);
    else if (first === place) view.say(HINT);
    else return act.swap(first, place);
    draw();
  };
  const parts = assembleSwaps(data, act, choose, (name) => save(model, { group: name }));
  act.film.onchange = parts.buttons.playing;
  view.say(HINT);
  const speak = throttled(() => (parts.spoken.textContent = spokenFacts(data, presentState(model, data))), 800);
  let drawn = null;

  function draw() {
    const full = roomIn(parts.root);
    const width = parts.matrix.element.clientWidth || full;
    const beside = width < full * 0.8; // then both columns are as tall as one another
    if (drawn !== full) parts.filters?.layout(full);
    drawn = full;
    const state = presentState(model, data);
    if (later && state.found) say(later(state) || parts.hand.message.textContent);
    parts.matrix.draw(state, width, beside ? 320 : 260, picked);
    const room = beside ? parts.matrix.tall() - (full < HAND_BESIDE ? 44 : 126) : 260; // for the two charts
    const low = room < 290 ? 92 : 112;
    parts.line.draw(state, beside ? full - width - 24 : full, [Math.max(150, room - low), low], model.get("_live") ? ASKED : NO_KERNEL);
    parts.filters?.draw(state);
    parts.track.draw(state, full);
    parts.range.value = state.k;
    parts.range.setAttribute("aria-valuetext", `swap ${state.k} of ${data.last}`);
    parts.buttons.draw(state, model.get("_past"));
    parts.hand.draw(state, picked);
    parts.facts.draw(data, state);
    parts.groups.select(data.groups[state.shown].name);
    groupScores(parts.groups.element, data, state);
    speak();
  }

  const soon = gathered(parts.root, draw);
  const regroup = () => {
    picked = null;
    soon();
  };
  const traits = [...["k", "swaps_by_hand", "_past", "_answer"].map((name) => [name, soon]), ["group", regroup]];
  return runView({ model, el }, parts.root, { draw, traits, resized: () => roomIn(parts.root) !== drawn, ends: [act.film.stop, speak.cancel] });
}

export default { render };
