// ProbeSlider: random probes close in on the exact diagonal. Everything was computed in Python; moving only draws.

const SIDE_BY_SIDE = 600; // from this width on both charts stand side by side, see probe_slider.css

function render({ model, el }) {
  const data = readProbes(model);
  const choose = (at) => save(model, { probes: data.axes.probes.values[at] });
  const [slider, scatter, errors] = [gridSlider(data, "probes", choose), probeScatter(data), probeErrors(data, choose)];
  const said = ["tk-readout", "", "tkh-rest"].map((name) => html("p", { class: name }));
  const spoken = spokenLine();
  const root = html("div", { class: "tk tk-probe-slider", role: "group", "aria-label": "Random probes and the diagonal of a Hessian" },
    slider.element, html("div", { class: "tkh-said", "aria-hidden": "true" }, ...said), html("div", { class: "tkh-body" }, scatter.element, errors.element), spoken);
  const say = throttled(() => (spoken.textContent = probeState(model, data).said.join(" ")), 800);
  let drawn = null;

  function draw() {
    const state = probeState(model, data);
    const full = roomIn(root);
    drawn = full;
    const half = full >= SIDE_BY_SIDE ? Math.floor((full - 20) / 2) : full;
    slider.draw(state);
    scatter.draw(state, half, 300);
    errors.draw(state, half, 300);
    said.forEach((node, i) => (node.textContent = state.said[i].replaceAll(" %", "\u00a0%")));
    say();
  }

  const changed = () => root.isConnected && draw();
  return runView({ model, el }, root, { draw, traits: [["probes", changed]], resized: () => roomIn(root) !== drawn, ends: [say.cancel] });
}

export default { render };
