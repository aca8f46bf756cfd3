// What a LatePhasePanel knows: accuracies over a grid of late-phase runs, and which of them are meant now.

const NESTING = ["members", "start", "noise"]; // the order of the arrays
const SERIES = [
  { name: "member", words: ["mean", "member"], brief: "mean member", cost: (k) => (k > 1 ? `one of ${k}` : "1 network") },
  { name: "average", words: ["weight", "average"], brief: "weight average", cost: () => "1 network" },
  { name: "ensemble", words: ["prediction", "ensemble"], brief: "ensemble", cost: (k) => (k > 1 ? `${k} networks` : "1 network") },
];

/** The model's traits, decoded once. */
function readLatePhase(model) {
  return { ...model.get("_spec"), values: decode(model.get("_values"), Float64Array) };
}

/** Number of a setting in the order of the arrays. */
function cellIndex(data, place) {
  return NESTING.reduce((index, axis) => index * data.axes[axis].values.length + place[axis], 0);
}

/** Mean, standard deviation (n - 1) and the seeds of one series at one setting. */
function measuredAt(data, series, place) {
  const from = (series * data.cells.length + cellIndex(data, place)) * data.seeds;
  const seeds = [...data.values.subarray(from, from + data.seeds)];
  const mean = seeds.reduce((sum, v) => sum + v, 0) / data.seeds;
  const sd = Math.sqrt(seeds.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (data.seeds - 1));
  return { seeds, mean, sd };
}

/** What is shown of the present state. */
function latePhaseState(model, data) {
  const place = Object.fromEntries(NESTING.map((axis) => [axis, Math.max(0, data.axes[axis].values.indexOf(model.get(axis)))]));
  const over = model.get("over");
  const along = SERIES.map((_, s) => data.axes[over].values.map((_, i) => measuredAt(data, s, { ...place, [over]: i })));
  const members = data.axes.members.values[place.members];
  return { place, over, along, here: SERIES.map((_, s) => along[s][place[over]]), members, cell: data.cells[cellIndex(data, place)] };
}

/** Symbol and value of an axis, such as σ₀ = 0.5. */
function saidPlace(data, state, axis) {
  const { symbol, short } = data.axes[axis];
  return `${symbol} = ${short[state.place[axis]]}`;
}
