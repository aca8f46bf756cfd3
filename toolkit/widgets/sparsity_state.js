// What a SparsityExplorer knows: how many rounds every weight survives, and what the siblings do in each round.

/** The model's traits, decoded once. */
function readSparsity(model) {
  const spec = model.get("_spec");
  let size = 0;
  const layers = spec.layers.map((layer) => {
    const start = size;
    size += layer.rows * layer.n;
    return { ...layer, start, size: layer.rows * layer.n };
  });
  const lived = decode(model.get("_lived"), Uint8Array);
  const [error, barriers] = [decode(model.get("_error"), Float64Array), decode(model.get("_barriers"), Float64Array)];
  const many = spec.rounds + 1;
  const sources = spec.sources.map((source, s) => ({
    ...source,
    lived: lived.subarray(s * size, (s + 1) * size),
    error: Array.from({ length: many }, (_, r) => error.subarray((s * many + r) * spec.points, (s * many + r + 1) * spec.points)),
    barriers: barriers.subarray(s * many, (s + 1) * many),
  }));
  return { ...spec, layers, sources, size };
}

/** What is shown of the present state. */
function sparsityState(model, data) {
  const at = Math.min(data.rounds, Math.max(0, model.get("round")));
  const source = data.sources.find(({ name }) => name === model.get("source")) ?? data.sources[0];
  const number = Math.max(0, data.layers.findIndex(({ name }) => name === model.get("layer")));
  const layer = data.layers[number];
  return { at, source, number, layer, here: source.rounds[at], lived: source.lived.subarray(layer.start, layer.start + layer.size) };
}

/** How many weights of a layer are left in a round. */
function leftOf({ source, at }, { start, size }) {
  let count = 0;
  for (let i = start; i < start + size; i++) if (source.lived[i] >= at) count += 1;
  return count;
}

/** How many of a layer the round has pruned. */
function fellOf({ source, at }, { start, size }) {
  let count = 0;
  for (let i = start; i < start + size; i++) if (source.lived[i] === at - 1) count += 1;
  return count;
}

const countText = (value) => value.toLocaleString("en");
const errorText = (value) => `${+(100 * value).toFixed(2)} %`;
