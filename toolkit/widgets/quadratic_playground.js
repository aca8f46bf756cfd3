// NoisyQuadraticPlayground: late-phase training against its controls. All curves are computed here; no kernel is asked.

const QUADRATIC_CAPTION = "Exact expectations, no dice: 20 directions, gradient noise of variance h, every run starts 3 from the optimum in each. Dotted: where a method settles (SWA: the mean of as many settled iterates).";

function render({ model, el }) {
  const store = (name, value) => {
    model.set(name, value);
    model.save_changes(); // at once: the kernel's echo of an older value would overwrite one that is not yet on its way
  };
  const [controls, chart] = [quadraticControls(model.get("_spec"), store), quadraticChart()];
  const readout = html("p", { class: "tk-readout tkq-readout", "aria-hidden": "true" });
  const spoken = html("p", { class: "tk-spoken", role: "status", "aria-live": "polite" });
  const root = html("div", { class: "tk tk-quadratic-playground", role: "group", "aria-label": "Late-phase training on a noisy quadratic" },
    controls.element, html("h4", {}, "Expected loss"), chart.element, readout, html("p", { class: "tk-caption" }, QUADRATIC_CAPTION), spoken);
  root.addEventListener("keydown", (event) => event.stopPropagation()); // else notebook shortcuts take the keys
  const say = throttled(() => (spoken.textContent = readout.textContent), 800);
  let drawn = null;

  function draw() {
    drawn = chart.element.clientWidth;
    const setting = quadraticSetting(model);
    const curves = race(setting);
    controls.draw(setting);
    chart.draw(setting, curves, Math.max(250, drawn));
    const [special, ranking, cost] = verdict(setting, curves);
    readout.replaceChildren(special && `${special} `, html("strong", {}, ranking), cost && ` ${cost}`);
    readout.classList.toggle("tkq-warns", setting.diverging > 0);
    say();
  }

  el.append(root);
  const events = QUADRATIC_TRAITS.map((name) => `change:${name}`);
  for (const event of events) model.on(event, draw);
  const sizes = new ResizeObserver(() => {
    if (chart.element.clientWidth !== drawn) requestAnimationFrame(draw);
  });
  sizes.observe(chart.element);
  draw();
  return () => {
    say.cancel();
    sizes.disconnect();
    for (const event of events) model.off(event, draw);
    root.remove();
  };
}

export default { render };
