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

/** Where a number lies on a symmetric logarithmic axis: linear within ±10^power, one step for each decade beyond. As in probe_data.py. */
function scaled(v, power) {
  const size = Math.abs(v) / Number(`1e${power}`);
  return Math.sign(v) * (Math.min(size, 1) + Math.log10(Math.max(size, 1)));
}

/** Zero and signed powers of ten inside [low, high], at least `room` steps of the axis apart: numbers and how to write them. As in probe_data.py. */
function powers(low, high, power, room = 1) {
  const every = Math.max(1, Math.ceil(room));
  const found = [];
  for (let i = Math.ceil(scaled(low, power) / every) * every; i <= scaled(high, power); i += every) {
    found.push({ value: Math.sign(i) * Number(`1e${power + Math.abs(i) - 1}`), text: powerText(i, power) });
  }
  return found;
}

/** The number at a whole step of the axis: plain, unless it would have more than six zeros. */
function powerText(step, power) {
  if (step === 0) return "0";
  const tens = power + Math.abs(step) - 1;
  const size = Number(`1e${tens}`);
  const plain = tens < 0 ? size.toFixed(Math.min(-tens, 100)) : size.toLocaleString("en");
  return (step < 0 ? "−" : "") + (Math.abs(tens) <= 6 ? plain : `1e${tens}`.replace("-", "−"));
}

/** A relative error as Python writes it, see probe_words.py. */
function errorText(error) {
  return error < 0.0995 ? `${(100 * error).toFixed(1)} %` : `${Math.round(100 * error).toLocaleString("en")} %`;
}
