// What the learner can press and drag: the source of the masks, the layer, the round, Play.

/** Play one round after another from the present one to the last (from the first, when already there). */
function roundPlayer(data, get, set) {
  let timer = null;
  const film = { onchange: () => {} };
  const stop = () => {
    if (timer === null) return;
    clearInterval(timer);
    timer = null;
    film.onchange(false);
  };
  const play = () => {
    const step = () => {
      set(get() + 1);
      if (get() >= data.rounds) stop();
    };
    if (get() >= data.rounds) set(0);
    timer = setInterval(step, 900);
    film.onchange(true);
  };
  return Object.assign(film, { stop, toggle: () => (timer === null ? play() : stop()) });
}

/** Radio buttons for the sources, and which layer is shown. */
function sparsityChoices(data, act) {
  const [name, id] = [unique("tkm-source"), unique("tkm-layer")];
  const inputs = data.sources.map((source) => {
    const input = html("input", { type: "radio", name, value: source.name });
    input.addEventListener("change", () => act.source(source.name));
    return input;
  });
  const sources = html("fieldset", { class: "tkm-sources" }, html("legend", {}, "Masks from"), ...inputs.map((input) => html("label", {}, input, input.value)));
  const layers = html("select", { id }, ...data.layers.map((layer) => html("option", { value: layer.name }, `${layer.title}, ${layer.rows} × ${layer.n}`)));
  layers.addEventListener("change", () => act.layer(layers.value));
  const element = html("div", { class: "tkm-choices" }, sources, html("span", {}, html("label", { for: id }, "Show"), layers));
  const draw = ({ source, layer }) => {
    inputs[data.sources.indexOf(source)].checked = true;
    layers.value = layer.name;
  };
  return { element, draw };
}

/** The slider over the rounds, with its numbers below, and the buttons. */
function roundSlider(data, act) {
  const id = unique("tkm-round");
  const input = html("input", { type: "range", id, min: 0, max: data.rounds, step: 1, class: "tk-range", "aria-label": "Round of pruning" });
  input.addEventListener("input", () => act.go(input.valueAsNumber));
  const now = html("b");
  const step = every(data.rounds + 1, 21);
  const scale = html("div", { class: "tk-stops", "aria-hidden": "true" },
    ...Array.from({ length: data.rounds + 1 }, (_, r) => r).filter((r) => r % step === 0).map((r) => html("span", { "data-round": r, style: `--at: ${r / data.rounds}` }, r)));
  const { element: play, playing } = playButton(act.play);
  const back = pressable("tk-back", "back", () => act.by(-1), "one round back");
  const forth = pressable("tk-forth", "on", () => act.by(1), "one round on");
  const element = html("div", { class: "tkm-road" }, html("div", { class: "tk-slider tkm-slider" }, html("label", { for: id }, "Round ", now), input, scale),
    html("div", { class: "tk-controls tkm-controls" }, play, back, forth));
  const draw = ({ at, here }) => {
    input.value = at;
    input.setAttribute("aria-valuetext", `round ${at} of ${data.rounds}: ${here.overall}`);
    now.textContent = `${at} of ${data.rounds}`;
    for (const node of scale.children) node.classList.toggle("tk-here", Number(node.dataset.round) === at);
    back.disabled = at === 0;
    forth.disabled = at === data.rounds;
  };
  return { element, draw, playing };
}
