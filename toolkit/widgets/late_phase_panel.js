// LatePhasePanel: sliders over a grid of late-phase runs. Everything was measured in Python; moving only draws.

const BESIDE = 600; // from this width on both charts stand side by side, see late_phase_panel.css

/** Every part of the widget, put together. */
function assembleLatePhase(data, choose, chooseOver) {
  const parts = {
    sliders: Object.keys(data.axes).map((axis) => gridSlider(data, axis, (i) => choose(axis, i))),
    bars: barsPanel(data), curves: curvesPanel(data, chooseOver),
    said: ["tk-readout", "tkl-verdict", "tkl-base-said"].map((name) => html("p", { class: name })),
    spoken: html("p", { class: "tk-spoken", role: "status", "aria-live": "polite" }),
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
  parts.root.addEventListener("keydown", (event) => event.stopPropagation()); // else notebook shortcuts take the keys
  return parts;
}

function render({ model, el }) {
  const data = readLatePhase(model);
  const choose = (axis, index) => {
    model.set(axis, data.axes[axis].values[index]);
    model.set("over", axis);
    model.save_changes(); // at once: the kernel's echo of an older value would overwrite one that is not yet on its way
  };
  const parts = assembleLatePhase(data, choose, (index) => choose(model.get("over"), index));
  const say = throttled(() => (parts.spoken.textContent = latePhaseState(model, data).cell.said.join(" ")), 800);
  const fullWidth = () => Math.max(240, parts.root.clientWidth - 28); // not yet on the page: nothing is 0 wide
  let drawn = null;

  function draw() {
    const state = latePhaseState(model, data);
    const full = fullWidth();
    drawn = full;
    const height = full >= BESIDE ? 320 : 280;
    for (const panel of [parts.bars, parts.curves]) panel.draw(state, Math.min(full, Math.max(240, panel.element.clientWidth)), height);
    for (const slider of parts.sliders) slider.draw(state);
    parts.said.forEach((node, i) => (node.textContent = state.cell.said[i]));
    say();
  }

  let due = false;
  const soon = () => { // several traits change together: draw them once
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      if (parts.root.isConnected) draw();
    });
  };
  el.append(parts.root);
  const events = [...NESTING, "over"].map((name) => [`change:${name}`, soon]);
  for (const [event, callback] of events) model.on(event, callback);
  const sizes = new ResizeObserver(() => {
    if (fullWidth() !== drawn) requestAnimationFrame(draw);
  });
  sizes.observe(parts.root);
  draw();
  return () => {
    say.cancel();
    sizes.disconnect();
    for (const [event, callback] of events) model.off(event, callback);
    parts.root.remove();
  };
}

export default { render };
