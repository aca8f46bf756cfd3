// ReconnectDial: slide values from where they began to where training put them. Everything was measured in Python.

const BESIDE = 640; // from this width on matrix and curves stand side by side, see reconnect_dial.css

/** The present position as one sentence. */
function dialWords(data, { at }) {
  const moving = data.moved[data.steps];
  const vectors = data.vectors ? ` Biases and norms ${at >= data.steps / 2 ? "are the trained ones (they changed" : "are the start's (they change"} at 50 %).` : "";
  return `${placeText(data, at)} of the way: ${countText(data.moved[at])} of the ${countText(moving)} values that move have moved; ` +
    `test accuracy ${percentText(data.accuracy[at])}, test loss ${data.loss[at].toFixed(2)} nats.${vectors}`;
}

/** What the controls do: they change the model, and the model's listeners change what is shown. */
function dialActions(model, data, view) {
  const put = (values) => save(model, values); // all together: a row is checked against its layer
  const set = (at) => put({ position: Math.min(data.steps, Math.max(0, at)) / data.steps });
  const get = () => dialState(model, data).at;
  const film = dialPlayer(data, get, set);
  const go = (at) => {
    film.stop();
    set(at);
  };
  const choose = (neuron, column) => put({ neuron, column });
  return {
    film, go, choose, by: (step) => go(get() + step), play: film.toggle, redraw: () => view.draw(), k: (k) => put({ k }),
    layer(name) {
      const { rows, n } = data.layers.find((layer) => layer.name === name);
      put({ layer: name, neuron: Math.min(model.get("neuron"), rows - 1), column: Math.min(model.get("column"), n - 1) });
    },
    neuron(row) {
      const { layer } = dialState(model, data);
      if (Number.isNaN(row)) return view.draw(); // nothing typed in gives way to the true number
      put({ neuron: Math.min(layer.rows - 1, Math.max(0, Math.round(row))) });
      view.draw();
    },
  };
}

/** Every part of the widget, put together. */
function assembleDial(data, act, look) {
  const parts = {
    choices: dialChoices(data, act), matrix: weightsPanel(data, look, act.choose), measured: measuredPanels(data, act.go),
    range: dialRange(data, act.go), buttons: dialButtons(data, act), readout: html("p", { class: "tk-readout" }),
    neuron: neuronPanel(data, look, act.choose), profile: profilePanel(), runs: data.runs && runsPanel(data, act.k),
    spoken: spokenLine(),
  };
  const road = html("div", { class: "tkr-road" }, parts.range, html("div", { class: "tkr-ends", "aria-hidden": "true" }, html("span", {}, "start's arrangement"), html("span", {}, "trained")));
  parts.root = html("div", { class: "tk tk-reconnect-dial", role: "group", "aria-label": "Moving a network's values from where they began to where training put them" },
    parts.choices.element, road, parts.buttons.element, parts.readout, html("div", { class: "tkr-body" }, parts.matrix.element, parts.measured.element),
    html("div", { class: "tkr-body tkr-lower" }, parts.neuron.element, parts.profile.element), ...(parts.runs ? [parts.runs.element] : []), parts.spoken);
  return parts;
}

function render({ model, el }) {
  const data = readDial(model);
  const view = { draw: () => draw() };
  const act = dialActions(model, data, view);
  let hovered = null; // the place under the pointer
  let state = null;
  const look = (place) => {
    if (place?.row === hovered?.row && place?.column === hovered?.column) return;
    hovered = place;
    overlay();
  };
  const parts = assembleDial(data, act, look);
  act.film.onchange = parts.buttons.playing;
  let told = ["", "", ""];
  const speak = throttled(() => { // say what has changed, and only that
    const said = [dialWords(data, state), `${routeWords(data, routeOf(state, state.row, state.column))}.`, data.runs ? runsWords(data.runs, state.k) : ""];
    const news = said.filter((words, i) => words !== told[i]);
    told = said;
    if (news.length) parts.spoken.textContent = news.join(" ");
  }, 800);
  let drawn = null;

  function overlay() {
    const { layer } = state;
    const inside = hovered && hovered.row < layer.rows && hovered.column < layer.n ? hovered : null;
    const route = inside ? routeOf(state, inside.row, inside.column) : routeOf(state, state.row, state.column);
    parts.matrix.overlay(route, inside !== null);
    parts.neuron.overlay(route);
    parts.profile.overlay(route, state.row);
  }

  function draw() {
    state = dialState(model, data);
    const full = roomIn(parts.root);
    drawn = full;
    const half = full >= BESIDE ? Math.floor((full - 24) / 2) : full;
    parts.choices.draw(state);
    parts.matrix.draw(state, half, parts.choices.dots.checked);
    parts.measured.draw(state, half, half < full ? parts.matrix.tall() : 0);
    parts.range.value = state.at;
    parts.range.setAttribute("aria-valuetext", `${placeText(data, state.at)}, test accuracy ${percentText(data.accuracy[state.at])}`);
    parts.buttons.draw(state);
    parts.readout.textContent = dialWords(data, state);
    parts.neuron.draw(state, half);
    parts.profile.draw(state, half);
    parts.runs?.draw(state, full);
    overlay();
    speak();
  }

  const soon = gathered(parts.root, draw);
  return runView({ model, el }, parts.root, {
    draw, traits: ["position", "layer", "neuron", "column", "k"].map((name) => [name, soon]), resized: () => roomIn(parts.root) !== drawn,
    ends: [act.film.stop, speak.cancel],
  });
}

export default { render };
