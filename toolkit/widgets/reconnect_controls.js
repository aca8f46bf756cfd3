// What the learner can press, drag and type: the slider, Play, the layer, the neuron, the dots.

/** Play from the present stop to the end (from the start, when already there). */
function dialPlayer(data, get, set) {
  return filmPlayer(() => {
    const from = get() >= data.steps ? 0 : get();
    const grid = isCalm() ? data.steps / 5 : 1; // a few still pictures, not a film
    return (time) => {
      const at = Math.min(data.steps, from + grid * Math.floor(time / (200 * grid)));
      if (at !== get()) set(at);
      return at >= data.steps;
    };
  });
}

/** The slider over the 41 stops. */
function dialRange(data, go) {
  const input = html("input", { type: "range", min: 0, max: data.steps, step: 1, class: "tk-range tkr-dial", "aria-label": "position between the start's arrangement and the trained one" });
  input.addEventListener("input", () => go(input.valueAsNumber));
  return input;
}

/** Play, one stop back and forth, and the two ends. */
function dialButtons(data, act) {
  const { element: play, playing } = playButton(act.play);
  const back = pressable("tk-back", "back", () => act.by(-1), "one stop back");
  const forth = pressable("tk-forth", "on", () => act.by(1), "one stop on");
  const start = pressable("tk-first", "start", () => act.go(0), "go to the start's arrangement");
  const trained = pressable("tk-last", "trained", () => act.go(data.steps), "go to the trained arrangement");
  const draw = ({ at }) => {
    back.disabled = start.disabled = at === 0;
    forth.disabled = trained.disabled = at === data.steps;
  };
  return { element: html("div", { class: "tk-controls tkr-controls" }, play, back, forth, start, trained), playing, draw };
}

/** Which layer, which neuron, and whether dots are drawn. */
function dialChoices(data, act) {
  const [layerId, neuronId] = [unique("tkr-layer"), unique("tkr-neuron")];
  const layers = html("select", { id: layerId }, ...data.layers.map(({ name, rows, n }) => html("option", { value: name }, `${name} (${rows} × ${n})`)));
  layers.addEventListener("change", () => act.layer(layers.value));
  const neuron = html("input", { type: "number", id: neuronId, min: 0, step: 1 });
  neuron.addEventListener("change", () => act.neuron(neuron.valueAsNumber));
  const dots = html("input", { type: "checkbox" });
  dots.checked = true;
  dots.addEventListener("change", act.redraw);
  const element = html("div", { class: "tk-choices tkr-choices" }, html("span", {}, html("label", { for: layerId }, "Layer"), layers),
    html("span", {}, html("label", { for: neuronId }, "Neuron"), neuron), html("label", {}, dots, "mark what has moved"));
  const draw = ({ layer, row }) => {
    layers.value = layer.name;
    neuron.max = layer.rows - 1;
    neuron.value = row;
  };
  return { element, draw, dots };
}
