// NoisyQuadraticPlayground: late-phase training against its controls. All curves are computed here; no kernel is asked.

const QUADRATIC_CAPTION = "Exact expectations, no dice: 20 directions, gradient noise of variance h, every run starts 3 from the optimum in each. Dotted: where a method settles (SWA: the mean of as many settled iterates).";

function render({ model, el }) {
  const [controls, chart] = [quadraticControls(model.get("_spec"), (name, value) => save(model, { [name]: value })), quadraticChart()];
  const readout = html("p", { class: "tk-readout tkq-readout", "aria-hidden": "true" });
  const spoken = spokenLine();
  const root = html("div", { class: "tk tk-quadratic-playground", role: "group", "aria-label": "Late-phase training on a noisy quadratic" },
    controls.element, html("h4", {}, "Expected loss"), chart.element, readout, html("p", { class: "tk-caption" }, QUADRATIC_CAPTION), spoken);
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

  return runView({ model, el }, root, {
    draw, traits: QUADRATIC_TRAITS.map((name) => [name, draw]), watched: chart.element, resized: () => chart.element.clientWidth !== drawn, ends: [say.cancel],
  });
}

export default { render };
