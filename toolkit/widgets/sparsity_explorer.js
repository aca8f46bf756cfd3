// SparsityExplorer: slide through the rounds of pruning. Everything was measured in Python; moving only draws.

const BESIDE = 640; // from this width on panels stand side by side, see sparsity_explorer.css

/** What the controls do: they change the model, and the model's listeners change what is shown. */
function sparsityActions(model, data) {
  const put = (name, value) => save(model, { [name]: value });
  const set = (at) => put("round", Math.min(data.rounds, Math.max(0, at)));
  const get = () => sparsityState(model, data).at;
  const film = roundPlayer(data, get, set);
  const go = (at) => {
    film.stop();
    if (at !== get()) set(at);
  };
  return { film, go, by: (step) => go(get() + step), play: film.toggle, source: (name) => put("source", name), layer: (name) => put("layer", name) };
}

/** Every part of the widget, put together. */
function assembleSparsity(data, act) {
  const parts = {
    choices: sparsityChoices(data, act), slider: roundSlider(data, act), mask: maskPanel(data), density: densityPanel(data), pixels: pixelPanel(data),
    line: linePanel(data), barriers: barriersPanel(data, act.go, act.source), said: [html("p", { class: "tk-readout" }), html("p")],
    spoken: spokenLine(),
  };
  const beside = html("div", { class: "tkm-beside" }, parts.density.element, ...(parts.pixels ? [parts.pixels.element] : []));
  parts.root = html("div", { class: "tk tk-sparsity-explorer", role: "group", "aria-label": "Rounds of pruning: what is left, and whether siblings stay connected" },
    parts.choices.element, parts.slider.element, html("div", { class: "tkm-said", "aria-hidden": "true" }, ...parts.said), html("div", { class: "tkm-body" }, parts.mask.element, beside),
    html("div", { class: "tkm-body" }, parts.line.element, parts.barriers.element), html("p", { class: "tk-caption" }, data.definition), parts.spoken);
  return parts;
}

function render({ model, el }) {
  const data = readSparsity(model);
  const act = sparsityActions(model, data);
  const parts = assembleSparsity(data, act);
  act.film.onchange = parts.slider.playing;
  const speak = throttled(() => {
    const { source, layer, number, here } = sparsityState(model, data);
    parts.spoken.textContent = `${source.name}. ${here.said.join(" ")} ${layer.title}: ${here.density[number]}.`;
  }, 800);
  let drawn = null;

  function draw() {
    const state = sparsityState(model, data);
    const full = roomIn(parts.root);
    drawn = full;
    const half = full >= BESIDE ? Math.floor((full - 24) / 2) : full;
    for (const part of [parts.choices, parts.slider, parts.density, parts.pixels]) part?.draw(state);
    parts.mask.draw(state, half);
    parts.line.draw(state, half, 210);
    parts.barriers.draw(state, half, 234);
    parts.said.forEach((node, i) => (node.textContent = state.here.said[i]));
    speak();
  }

  const soon = gathered(parts.root, draw);
  return runView({ model, el }, parts.root, {
    draw, traits: ["source", "round", "layer"].map((name) => [name, soon]), resized: () => roomIn(parts.root) !== drawn, ends: [act.film.stop, speak.cancel],
  });
}

export default { render };
