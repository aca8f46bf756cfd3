// LatePhasePanel: sliders over a grid of late-phase runs. Everything was measured in Python; moving only draws.

const BESIDE = 600; // from this width on both charts stand side by side, see late_phase_panel.css

/** Every part of the widget, put together. */
function assembleLatePhase(data, choose, chooseOver) {
  const parts = {
    sliders: Object.keys(data.axes).map((axis) => gridSlider(data, axis, (i) => choose(axis, i))),
    bars: barsPanel(data), curves: curvesPanel(data, chooseOver),
    said: ["tk-readout", "tkl-verdict", "tkl-base-said"].map((name) => html("p", { class: name })),
    spoken: spokenLine(),
  };
  const title = html("div", { class: "tkl-head" }, html("h4", {}, "Test accuracy"), html("span", { class: "tkl-data" }, data.name));
  const body = html("div", { class: "tkl-body" }, parts.bars.element, parts.curves.element);
  const others = data.lines.slice(1);
  const caption = html("p", { class: "tk-caption" },
    `Bars start at the base (dashed), one network trained plainly. Dots are the ${data.seeds} seeds; whiskers and bands, one standard deviation.` +
      (others.length ? ` Dotted: ${others.map(({ name: method, shown }) => `${method} ${shown}`).join(", ")}.` : ""));
  parts.root = html("div", { class: "tk tk-late-phase-panel", role: "group", "aria-label": "Settings of late-phase training and what they do" },
    title, html("div", { class: "tkl-sliders" }, ...parts.sliders.map(({ element }) => element)), body, caption,
    html("div", { class: "tkl-said", "aria-hidden": "true" }, ...parts.said), parts.spoken);
  return parts;
}

function render({ model, el }) {
  const data = readLatePhase(model);
  const choose = (axis, index) => save(model, { [axis]: data.axes[axis].values[index], over: axis });
  const parts = assembleLatePhase(data, choose, (index) => choose(model.get("over"), index));
  const say = throttled(() => (parts.spoken.textContent = latePhaseState(model, data).cell.said.join(" ")), 800);
  let drawn = null;

  function draw() {
    const state = latePhaseState(model, data);
    const full = roomIn(parts.root);
    drawn = full;
    const height = full >= BESIDE ? 320 : 280;
    for (const panel of [parts.bars, parts.curves]) panel.draw(state, Math.min(full, Math.max(240, panel.element.clientWidth)), height);
    for (const slider of parts.sliders) slider.draw(state);
    parts.said.forEach((node, i) => (node.textContent = state.cell.said[i]));
    say();
  }

  const soon = gathered(parts.root, draw);
  return runView({ model, el }, parts.root, {
    draw, traits: [...NESTING, "over"].map((name) => [name, soon]), resized: () => roomIn(parts.root) !== drawn, ends: [say.cancel],
  });
}

export default { render };
