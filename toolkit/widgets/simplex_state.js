// The triangle's numbers: the model's traits decoded, where three weights lie in it, and how they are moved.

const CORNERS = ["corner 1", "corner 2", "corner 3"];
const PLACES = [[0, 0], [1, 0], [0.5, Math.sqrt(3) / 2]]; // where the corners stand; y points up
const MIDDLE = [1 / 3, 1 / 3, 1 / 3];

const SIMPLEX_METRICS = {
  accuracy: { label: "Accuracy", show: (v) => `${(100 * v).toFixed(1)} %`, tick: (v) => `${+(100 * v).toFixed(1)} %`, brief: (v) => `${Math.round(100 * v)} %`, key: "light is high" },
  loss: { label: "Loss", show: (v) => v.toFixed(2), tick: (v) => String(+v.toFixed(2)), brief: (v) => v.toFixed(2), key: "dark is low" },
};

/** The model's traits, decoded once. */
function readSimplex(model) {
  const spec = model.get("_spec");
  const n = spec.steps;
  const size = ((n + 1) * (n + 2)) / 2 + (n % 3 ? 1 : 0);
  const [curves, pairs] = [decode(model.get("_curves"), Float32Array), decode(model.get("_pairs"), Uint32Array)];
  const [pixels, likely] = [decode(model.get("_images"), Uint8Array), decode(model.get("_probabilities"), Uint16Array)];
  const part = (array, i, parts) => array.subarray((i * array.length) / parts, ((i + 1) * array.length) / parts);
  const variants = spec.variants.map((described, v) => {
    const [own, both] = [part(curves, v, spec.variants.length), part(pairs, v, spec.variants.length)];
    return { ...described, accuracy: part(own, 0, 2), loss: part(own, 1, 2), wrong: part(both, 0, 2), differ: part(both, 1, 2),
      pixels: part(pixels, v, spec.variants.length), likely: part(likely, v, spec.variants.length) };
  });
  return { ...spec, n, size, variants, colours: decode(model.get("_colours"), Uint8Array), weights: latticeWeights(n, size) };
}

/** Weights of the measured points, in the order of the arrays. */
function latticeWeights(n, size) {
  const found = [];
  for (let i = 0; i <= n; i++) for (let j = 0; i + j <= n; j++) found.push([i / n, j / n, (n - i - j) / n]);
  if (found.length < size) found.push(MIDDLE);
  return found;
}

const latticeIndex = (n, [i, j]) => i * (n + 1) - (i * (i - 1)) / 2 + j;

/** Measured points around three weights and the share of each, as [index, share]; alone where measured just there. */
function neighbours({ n, size }, weights) {
  const sum = weights[0] + weights[1] + weights[2];
  const scaled = weights.map((w) => (n * w) / sum);
  const low = scaled.map((s) => Math.min(n, Math.floor(s + 1e-6)));
  const rest = scaled.map((s, c) => Math.max(0, s - low[c]));
  const missing = n - low[0] - low[1] - low[2]; // 1: the small triangle stands upright, 2: on its head
  if (!missing) return [[latticeIndex(n, low), 1]];
  const shares = rest.map((r) => (missing === 1 ? r : 1 - r));
  const found = [0, 1, 2].map((c) => {
    const point = low.map((l, d) => l + Number((c === d) === (missing === 1)));
    return [latticeIndex(n, point), shares[c]];
  });
  if (low[0] === low[1] && low[1] === low[2]) { // the middle cuts this small triangle in three
    const least = Math.min(...shares);
    for (const pair of found) pair[1] -= least;
    found.push([size - 1, 3 * least]);
  }
  return found.filter(([, share]) => share > 1e-6);
}

/** Value at three weights, on the flat piece between measured neighbours. */
function valueAt(data, values, weights) {
  return neighbours(data, weights).reduce((sum, [index, share]) => sum + share * values[index], 0);
}

/** Index of the measured point nearest to three weights. */
function nearestPoint(data, weights) {
  return neighbours(data, weights).reduce((best, pair) => (pair[1] > best[1] ? pair : best))[0];
}

/** Place in the plane of three weights, and back. */
function placeOf(weights) {
  return [0, 1].map((axis) => weights.reduce((sum, w, c) => sum + w * PLACES[c][axis], 0));
}

const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);

function weightsAt([x, y]) {
  const third = y / PLACES[2][1];
  const second = x - third / 2;
  return [1 - second - third, second, third];
}

/** Weights of the point of the triangle nearest to a place given by weights that may be negative. */
function intoTriangle(weights) {
  const sorted = [...weights].sort((a, b) => b - a);
  let [sum, shift] = [0, 0];
  sorted.forEach((w, i) => {
    sum += w;
    if (w - (sum - 1) / (i + 1) > 0) shift = (sum - 1) / (i + 1);
  });
  return weights.map((w) => Math.max(0, w - shift));
}

/** Weights rounded to thousandths that still sum to 1; the middle stays what it is. */
function tidy(weights) {
  if (weights.every((w) => Math.abs(w - 1 / 3) < 1e-6)) return MIDDLE;
  const parts = weights.map((w) => Math.round(1000 * w));
  const largest = parts.indexOf(Math.max(...parts));
  parts[largest] += 1000 - parts[0] - parts[1] - parts[2];
  return parts.map((p) => p / 1000);
}

/** One weight set, the two others sharing what is left in the proportion they had. */
function withWeight(weights, corner, wanted) {
  const value = Math.min(1, Math.max(0, wanted));
  const others = 1 - weights[corner];
  return weights.map((w, c) => (c === corner ? value : others > 1e-9 ? ((1 - value) * w) / others : (1 - value) / 2));
}

/** What is known of the present state. */
function simplexState(model, data) {
  const variant = data.variants.find(({ name }) => name === model.get("variant")) ?? data.variants[0];
  const [value, second] = [model.get("value"), model.get("second")];
  const points = second.length ? [value, second] : [value];
  const near = points.map((weights) => nearestPoint(data, weights));
  const exact = neighbours(data, value).length === 1;
  const [metric, own] = [model.get("metric"), model.get("colours") === "own"];
  const scale = (own ? variant : data).scales[metric];
  return { variant, value, second, points, near, exact, metric, scale };
}

/** The classes that member m of the points, or all of them together, read in the images shown. */
function readings(data, state, members) {
  const count = data.images.count;
  const classes = data.classes.length;
  return Array.from({ length: count }, (_, image) => {
    let best = 0;
    const sum = (c) => members.reduce((total, m) => total + state.variant.likely[(state.near[m] * count + image) * classes + c], 0);
    for (let c = 1; c < classes; c++) if (sum(c) > sum(best)) best = c;
    return best;
  });
}

const saidWeights = (weights) => weights.map((w) => w.toFixed(2)).join(" ");
