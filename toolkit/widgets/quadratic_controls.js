// What the learner can set: four sliders, each with its value in words, and four choices.

const CONDITIONS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** What each slider is called, its range, how it becomes a value and back, and the value in words. */
const QUADRATIC_SLIDERS = [
  {
    name: "condition", label: "Condition number", min: 0, max: CONDITIONS.length - 1, step: 1,
    value: (place) => CONDITIONS[place],
    place: (value) => CONDITIONS.reduce((best, one, i) => (Math.abs(Math.log(one / value)) < Math.abs(Math.log(CONDITIONS[best] / value)) ? i : best), 0),
    words: ({ condition }) => `${brief(condition)}`,
    note: ({ condition }) => (condition === 1 ? "all curvatures are 1" : `curvatures from 1 down to ${brief(1 / condition, 2)}`),
  },
  {
    name: "lr", label: "Learning rate η", min: 0.05, max: 1.95, step: 0.05,
    words: ({ lr }) => brief(lr), note: ({ effective }) => `late-phase average: ${brief(effective)}; limit 2`,
  },
  {
    name: "late_share", label: "Late part of η", min: 0, max: 1, step: 0.05,
    words: ({ late_share: share }) => `${brief(100 * share, 3)} %`,
    note: ({ shared, late }) => `${brief(late)} late, ${brief(shared)} shared`,
  },
  {
    name: "start", label: "Release T₀", min: 0, max: 0.9, step: 0.1,
    words: ({ release, budget }) => `${brief((100 * release) / budget, 3)} %`,
    note: ({ release, budget, axis }) => `after ${release} of ${budget} ${axis}`,
  },
];

/** One slider: a native range input with its name, its value and a note. */
function quadraticSlider({ name, label, min, max, step, value = Number, place = Number, words, note }, set) {
  const [id, help] = [unique("tkq"), unique("tkq-note")];
  const input = html("input", { type: "range", id, min, max, step, class: "tk-range tk-disc", "aria-describedby": help });
  const [now, small] = [html("output", { for: id }), html("small", { id: help })];
  input.addEventListener("input", () => set(name, +value(input.valueAsNumber).toPrecision(6)));
  const element = html("div", { class: "tkq-slider" }, html("label", { for: id }, label), now, input, small);
  const draw = (setting) => {
    input.value = place(setting[name]);
    now.textContent = words(setting);
    small.textContent = note(setting);
    input.setAttribute("aria-valuetext", words(setting));
  };
  return { element, draw };
}

/** All controls; `set(name, value)` changes a trait. */
function quadraticControls(spec, set) {
  const sliders = QUADRATIC_SLIDERS.map((one) => quadraticSlider(one, set));
  const choice = (name, label, options) => segments(label, options, unique(`tkq-${name}`), (value) => set(name, value));
  const choices = {
    axis: choice("axis", "Count", [["outer steps", "outer steps"], ["minibatches", "minibatches"]]),
    budget: choice("budget", "up to", spec.budgets.map((n) => [n, String(n)])),
    members: choice("members", "Members K", spec.members.map((n) => [n, String(n)])),
    gamma: choice("gamma", "γ", [["mean", "mean (1/K)"], ["sum", "sum (1)"]]),
  };
  const together = (...names) => html("div", { class: "tk-choices tkq-choices" }, ...names.map((name) => choices[name].element));
  const element = html("div", { class: "tkq-controls" },
    html("div", { class: "tk-choices tkq-choices" }, together("axis", "budget"), together("members", "gamma")),
    html("div", { class: "tkq-sliders" }, ...sliders.map((slider) => slider.element)));
  const draw = (setting) => {
    for (const slider of sliders) slider.draw(setting);
    for (const [name, control] of Object.entries(choices)) control.select(setting[name]);
  };
  return { element, draw };
}
