// SimplexExplorer: walk through a triangle of networks. Everything was measured in Python; moving only draws.

const KEYS_HELP = "Keys on a point: left, right, up step towards corner 1, 2, 3, down steps back from corner 3 (with Shift, small steps); 1, 2, 3 go to a corner, Home to the middle.";

/** What the controls do: they change the model, and the model's listeners change what is shown. */
function simplexActions(model, data, show) {
  let active = 0; // which point the buttons and the numbers mean
  const store = (name, value) => save(model, { [name]: value });
  const which = () => (model.get("second").length ? active : 0);
  const at = (m) => model.get(m ? "second" : "value");
  const go = (weights, m = which()) => {
    if (weights.every(Number.isFinite)) store(m ? "second" : "value", tidy(weights));
    show(); // also when nothing changed: an impossible number typed in gives way to the true one
  };
  const choose = (m) => {
    if (active === m) return;
    active = m;
    show();
  };
  return {
    which, at, go, choose,
    weight: (corner, value) => go(withWeight(at(which()), corner, value)),
    metric: (name) => store("metric", name),
    colours: (name) => store("colours", name),
    points: (number) => {
      const value = model.get("value");
      const start = value[0] >= Math.max(value[1], value[2], 0.4) ? [0.1, 0.8, 0.1] : [0.8, 0.1, 0.1];
      active = number === "two" ? 1 : 0;
      store("second", number === "two" ? start : []);
    },
    variant: (words, place, word) => {
      const wanted = words.map((own, i) => (i === place ? word : own));
      store("variant", data.variants.find((other) => other.words.every((own, i) => own === wanted[i])).name);
    },
  };
}

/** Press and drag on the map: the point under the pointer, else the nearer one. */
function dragPoints(map, act, model) {
  let held = null;
  const apart = (a, b) => distance(placeOf(a), placeOf(b));
  map.surface.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    map.surface.setPointerCapture(event.pointerId);
    const weights = map.under(event);
    const second = model.get("second");
    held = second.length && apart(weights, second) < apart(weights, model.get("value")) ? 1 : 0;
    act.choose(held);
    map.handles[held].focus({ preventScroll: true });
    act.go(weights, held);
  });
  map.surface.addEventListener("pointermove", (event) => {
    if (held !== null && map.surface.hasPointerCapture(event.pointerId)) act.go(map.under(event), held);
  });
  map.surface.addEventListener("lostpointercapture", () => (held = null));
}

/** Every part of the widget, put together. */
function assembleSimplex(model, data, act) {
  const help = unique("tks-help");
  const current = () => simplexState(model, data).variant.words;
  const parts = {
    map: simplexMap(data, help), numbers: numbersTable(), weights: weightInputs(act.weight),
    digits: data.images && dividedStrip(data),
    metric: segments("Map", Object.entries(SIMPLEX_METRICS).map(([name, { label }]) => [name, label]), unique("tks-metric"), act.metric),
    count: segments("Points", [["one", "one"], ["two", "two: an ensemble"]], unique("tks-count"), act.points),
    colours: segments("Colours", [["common", "common to all"], ["own", "this one's"]], unique("tks-colours"), act.colours),
    active: segments("Move", [["0", "◆ first"], ["1", "◇ second"]], unique("tks-active"), (m) => act.choose(Number(m))),
    switches: data.switches.map(({ label, words }, i) =>
      segments(label, words.map((word) => [word, word]), unique("tks-variant"), (word) => act.variant(current(), i, word))),
    spoken: spokenLine(),
  };
  const several = parts.switches.filter((_, i) => data.switches[i].words.length > 1);
  const choices = html("div", { class: "tk-choices tks-choices" }, ...several.map(({ element }) => element), parts.metric.element, parts.count.element,
    ...(data.variants.length > 1 ? [parts.colours.element] : []));
  const keys = html("p", { class: "tk-caption", id: help }, KEYS_HELP);
  const side = html("div", { class: "tks-side" }, parts.active.element, parts.weights.element, placeButtons((weights) => act.go(weights)), parts.numbers.element, keys);
  const body = html("div", { class: "tks-body" }, parts.map.element, side);
  parts.root = html("div", { class: "tk tk-simplex-explorer", role: "group", "aria-label": "A triangle of networks to walk through" },
    choices, body, ...(parts.digits ? [parts.digits.element] : []), parts.spoken);
  return parts;
}

function listen(parts, data, act, model) {
  parts.map.handles.forEach((node, m) => {
    node.addEventListener("focus", () => act.choose(m));
    node.addEventListener("keydown", (event) => {
      const weights = afterKey(event, act.at(m), data.n);
      if (!weights) return;
      event.preventDefault();
      act.go(weights, m);
    });
  });
  dragPoints(parts.map, act, model);
}

function render({ model, el }) {
  const data = readSimplex(model);
  const act = simplexActions(model, data, () => move());
  const parts = assembleSimplex(model, data, act);
  listen(parts, data, act, model);
  const say = throttled(() => (parts.spoken.textContent = spokenState(data, simplexState(model, data))), 800);
  let drawn = null;

  function move() {
    const state = simplexState(model, data);
    const two = state.points.length === 2;
    parts.map.move(state);
    parts.numbers.draw(data, state);
    parts.digits?.move(state);
    parts.count.select(two ? "two" : "one");
    parts.active.element.style.display = two ? "" : "none";
    parts.active.select(String(act.which()));
    parts.weights.show(act.at(act.which()), two ? ["Point ◆", "Point ◇"][act.which()] : "Weights");
    say();
  }

  function draw() {
    const state = simplexState(model, data);
    drawn = parts.map.element.clientWidth;
    parts.map.draw(state, Math.min(440, Math.max(240, drawn)));
    parts.digits?.draw(state.variant);
    parts.metric.select(state.metric);
    parts.colours.select(model.get("colours"));
    parts.switches.forEach((control, i) => control.select(state.variant.words[i]));
    move();
  }

  const traits = [["value", move], ["second", move], ["metric", draw], ["colours", draw], ["variant", draw]];
  return runView({ model, el }, parts.root, {
    draw, traits, watched: parts.map.element, resized: () => parts.map.element.clientWidth !== drawn, ends: [say.cancel],
  });
}

export default { render };
