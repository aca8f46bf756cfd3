// ProbeSlider: random probes close in on the exact diagonal. Everything was computed in Python; moving only draws.

const SIDE_BY_SIDE = 600; // from this width on both charts stand side by side, see probe_slider.css

function render({ model, el }) {
  const data = readProbes(model);
  const choose = (at) => {
    model.set("probes", data.axes.probes.values[at]);
    model.save_changes();
  };
  const [slider, scatter, errors] = [gridSlider(data, "probes", choose), probeScatter(data), probeErrors(data, choose)];
  const said = ["tk-readout", "", "tkh-rest"].map((name) => html("p", { class: name }));
  const spoken = html("p", { class: "tk-spoken", role: "status", "aria-live": "polite" });
  const root = html("div", { class: "tk tk-probe-slider", role: "group", "aria-label": "Random probes and the diagonal of a Hessian" },
    slider.element, html("div", { class: "tkh-said", "aria-hidden": "true" }, ...said), html("div", { class: "tkh-body" }, scatter.element, errors.element), spoken);
  root.addEventListener("keydown", (event) => event.stopPropagation()); // else notebook shortcuts take the keys
  const say = throttled(() => (spoken.textContent = probeState(model, data).said.join(" ")), 800);
  const fullWidth = () => Math.max(240, root.clientWidth - 28); // not yet on the page: nothing is 0 wide
  let drawn = null;

  function draw() {
    const state = probeState(model, data);
    const full = fullWidth();
    drawn = full;
    const half = full >= SIDE_BY_SIDE ? Math.floor((full - 20) / 2) : full;
    slider.draw(state);
    scatter.draw(state, half, 300);
    errors.draw(state, half, 300);
    said.forEach((node, i) => (node.textContent = state.said[i].replaceAll(" %", "\u00a0%")));
    say();
  }

  const changed = () => root.isConnected && draw();
  el.append(root);
  model.on("change:probes", changed);
  const sizes = new ResizeObserver(() => {
    if (fullWidth() !== drawn) requestAnimationFrame(draw);
  });
  sizes.observe(root);
  draw();
  return () => {
    say.cancel();
    sizes.disconnect();
    model.off("change:probes", changed);
    root.remove();
  };
}

export default { render };
