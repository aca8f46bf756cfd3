// What a ProbeSlider knows: the exact diagonal and its estimates at the points drawn, and which estimate is meant now.

/** The model's traits, decoded once. */
function readProbes(model) {
  const spec = model.get("_spec");
  const all = decode(model.get("_points"), Float32Array);
  const count = all.length / (1 + spec.axes.probes.values.length);
  const rows = Array.from({ length: 1 + spec.axes.probes.values.length }, (_, i) => all.subarray(i * count, (i + 1) * count));
  return { ...spec, exact: rows[0], estimates: rows.slice(1) };
}

/** What is shown of the present state. */
function probeState(model, data) {
  const at = Math.max(0, data.axes.probes.values.indexOf(model.get("probes")));
  return { at, place: { probes: at }, said: data.said[at] };
}

/** A relative error as Python writes it, see probe_words.py. */
function errorText(error) {
  return error < 0.0995 ? `${(100 * error).toFixed(1)} %` : `${Math.round(100 * error).toLocaleString("en")} %`;
}
