// What a ReconnectDial knows: every value, where it goes and when, and what was measured at the stops of the slider.

const NEVER = 255; // the step of a value that stays
const BROWN = [140, 81, 10]; // strongest negative weight, through white for 0 to
const TEAL = [1, 102, 94]; // the strongest positive one

/** The model's traits, decoded once. */
function readDial(model) {
  const spec = model.get("_spec");
  const [before, to, step] = [decode(model.get("_before"), Float32Array), decode(model.get("_to"), Uint16Array), decode(model.get("_step"), Uint8Array)];
  let start = 0;
  const layers = spec.layers.map((layer) => {
    const [from, end] = [start, (start += layer.rows * layer.n)];
    return { ...layer, before: before.subarray(from, end), to: to.subarray(from, end), step: step.subarray(from, end) };
  });
  const moved = new Array(spec.steps + 1).fill(0);
  for (const s of step) if (s !== NEVER) moved[s] += 1;
  for (let s = 1; s < moved.length; s++) moved[s] += moved[s - 1];
  const curves = decode(model.get("_curves"), Float64Array);
  return { ...spec, layers, moved, total: step.length, loss: curves.subarray(0, spec.steps + 1), accuracy: curves.subarray(spec.steps + 1),
    runs: spec.runs && readRuns(spec.runs, decode(model.get("_runs"), Float64Array)) };
}

function readRuns(runs, flat) {
  const [many, long] = [runs.period.length, runs.epoch.length];
  const curve = (i) => flat.subarray(i * long, (i + 1) * long);
  return { ...runs, before: runs.period.map((_, i) => curve(i)), after: runs.period.map((_, i) => curve(many + i)) };
}

/** For each place of a layer the column at which the value that stands there now began. */
function originsAt({ rows, n, to, step }, at) {
  const origins = new Uint16Array(rows * n);
  for (let i = 0; i < origins.length; i++) {
    const column = i % n;
    origins[step[i] <= at ? i - column + to[i] : i] = column;
  }
  return origins;
}

/** The value that stands at a place now: how large it is, where it began, where it ends, and when it moves. */
function routeOf({ layer, origins, at }, row, column) {
  const from = origins[row * layer.n + column];
  const i = row * layer.n + from;
  return { row, column, from, to: layer.to[i], value: layer.before[i], step: layer.step[i], moved: layer.step[i] <= at };
}

/** The same in words, as reconnect_words.py says it. */
function routeWords(data, { row, column, from, to, value, step }) {
  const begin = `row ${row}: the value ${weightText(value)}`;
  if (from === to) return `${begin} stays at column ${column} all the way`;
  if (from !== column) return `${begin} went from column ${from} to ${column}`;
  return `${begin} still stands at column ${column} and goes to ${to} at ${placeText(data, step)}`;
}

/** A weight with three digits that count, and a true minus sign. */
function weightText(value) {
  const size = Math.abs(value);
  const text = size === 0 ? "0" : size < 1e-4 ? size.toExponential(1) : size < 100 ? size.toPrecision(3) : size.toFixed(0);
  return (value < 0 ? "−" : "") + text;
}

const placeText = (data, at) => `${+((100 * at) / data.steps).toFixed(1)} %`;
const percentText = (value) => `${(100 * value).toFixed(1)} %`;
const countText = (value) => value.toLocaleString("en");

/** The colour of a weight, [red, green, blue]; `limit` has the full colour. */
function weightColour(value, limit) {
  const strength = Math.min(1, Math.abs(value) / limit);
  return (value < 0 ? BROWN : TEAL).map((channel) => Math.round(255 + strength * (channel - 255)));
}

/** Everything that is shown of the present state. */
function dialState(model, data) {
  const at = Math.round(model.get("position") * data.steps);
  const layer = data.layers.find(({ name }) => name === model.get("layer")) ?? data.layers[0];
  const row = Math.min(model.get("neuron"), layer.rows - 1);
  const column = Math.min(model.get("column"), layer.n - 1);
  const k = data.runs ? Math.max(0, data.runs.period.indexOf(model.get("k"))) : null;
  return { at, layer, row, column, k, origins: originsAt(layer, at) };
}
