// What a PermutationSlider knows: everything measured in Python, and what follows from it for one arrangement of B.

const FULL = 32767; // a correlation of 1 as a whole number

/** The model's traits, decoded once. */
function readSwaps(model) {
  const spec = model.get("_spec");
  const t = decode(model.get("_t"), Float32Array);
  const flat = decode(model.get("_swaps"), Int32Array);
  const swaps = Array.from({ length: flat.length / 3 }, (_, s) => ({ group: flat[3 * s], i: flat[3 * s + 1], k: flat[3 * s + 2] }));
  const scores = decode(model.get("_scores"), Int16Array);
  let start = 0;
  const groups = spec.groups.map((group) => {
    const score = scores.subarray(start, (start += group.watched ? group.size ** 2 : 0));
    return { ...group, score, dead: group.dead.map((units) => new Set(units)) };
  });
  const curves = decode(model.get("_curves"), Float32Array);
  const part = (i) => curves.subarray(i * t.length, (i + 1) * t.length);
  const known = spec.measured.map((k, m) => ({
    k, loss: part(2 * m), accuracy: part(2 * m + 1), distance: spec.distance[m], change: spec.change[m],
  }));
  const filters = spec.filters && { ...spec.filters, pixels: decode(model.get("_filters"), Int8Array) };
  const data = { ...spec, t, swaps, groups, known, filters, last: swaps.length };
  data.best = groups.reduce((sum, group) => sum + group.best, 0);
  data.goal = arrange(data, data.last, []);
  data.barriers = known.map(({ loss }) => barrierOf(t, loss).value);
  return data;
}

/** Which unit of B stands at each place, group by group: k swaps of the slider, then those by hand. */
function arrange(data, k, byHand) {
  const perms = data.groups.map(({ size }) => Uint32Array.from({ length: size }, (_, i) => i));
  const swap = (perm, i, j) => ([perm[i], perm[j]] = [perm[j], perm[i]]);
  for (const step of data.swaps.slice(0, k)) swap(perms[step.group], step.i, step.k);
  for (const [name, i, j] of byHand) swap(perms[data.groups.findIndex((group) => group.name === name)], i, j);
  return perms;
}

/** Correlation of unit i of A with unit j of B. */
function correlation(group, i, j) {
  return group.score[i * group.size + j] / FULL;
}

/** A number with a true minus sign. */
function minus(value, digits = 2) {
  return value.toFixed(digits).replace("-", "−");
}

/** Sum of the correlations on the diagonal. */
function totalOf(group, perm) {
  return group.watched ? perm.reduce((sum, unit, place) => sum + correlation(group, place, unit), 0) : 0;
}

/** Where a loss curve is highest above the chord between its ends, and by how much. */
function barrierOf(t, loss) {
  let best = { t: 0.5, value: 0, chord: (loss[0] + loss[loss.length - 1]) / 2 };
  loss.forEach((value, i) => {
    const chord = (1 - t[i]) * loss[0] + t[i] * loss[loss.length - 1];
    if (value - chord > best.value) best = { t: t[i], value: value - chord, chord };
  });
  return best;
}

/** What is known after k swaps: as measured, or on the straight line between the measured neighbours. */
function knownAt(data, k) {
  const after = data.known.findIndex((entry) => entry.k >= k);
  if (data.known[after].k === k) return { ...data.known[after], exact: true };
  const [low, high] = [data.known[after - 1], data.known[after]];
  const weight = (k - low.k) / (high.k - low.k);
  const mix = (a, b) => (1 - weight) * a + weight * b;
  const curve = (name) => low[name].map((value, i) => mix(value, high[name][i]));
  return { loss: curve("loss"), accuracy: curve("accuracy"), distance: mix(low.distance, high.distance),
    change: mix(low.change, high.change), exact: false };
}

/** The kernel's answer about an arrangement by hand, if it is about this one. */
function answered(model, k, byHand) {
  const found = model.get("_answer");
  const same = found?.k === k && JSON.stringify(found.swaps) === JSON.stringify(byHand);
  return same ? { ...found, exact: true } : null;
}

/** Everything that is shown of the present state; `found` is null where nobody has measured the arrangement. */
function presentState(model, data) {
  const [k, byHand] = [model.get("k"), model.get("swaps_by_hand")];
  const perms = arrange(data, k, byHand);
  const totals = data.groups.map((group, g) => totalOf(group, perms[g]));
  const found = byHand.length ? answered(model, k, byHand) : knownAt(data, k);
  const step = data.swaps[k - 1];
  const made = byHand.at(-1);
  const last = made ? { group: data.groups.findIndex(({ name }) => name === made[0]), places: made.slice(1), hand: true }
    : step ? { group: step.group, places: [step.i, step.k], hand: false } : null;
  const shown = Math.max(0, data.groups.findIndex(({ name }) => name === model.get("group")));
  return { k, byHand, perms, totals, total: totals.reduce((a, b) => a + b, 0), found, last, shown,
    barrier: found && barrierOf(data.t, found.loss) };
}
