// CurveSlider: move along a path between two networks. Everything was measured in Python beforehand; moving only draws.

/** The model's traits, decoded once. */
function read(model) {
  const spec = model.get("_spec");
  const t = decode(model.get("_t"), Float64Array);
  const curves = decode(model.get("_curves"), Float32Array);
  const predictions = decode(model.get("_predictions"), Uint8Array);
  const filters = decode(model.get("_filters"), Int8Array);
  const tracks = decode(model.get("_tracks"), Float32Array);
  const part = (array, i, parts = spec.variants.length) => array.subarray((i * array.length) / parts, ((i + 1) * array.length) / parts);
  const pieces = spec.filters ? 1 + Math.max(...spec.filters.which) : 1;
  const variants = spec.variants.map(({ name, words, barriers }, i) => {
    const own = part(curves, i);
    const named = spec.series.map((series, s) => [series, own.subarray(s * t.length, (s + 1) * t.length)]);
    return { name, words, barriers, curves: Object.fromEntries(named), predictions: part(predictions, i),
      filters: part(filters, spec.filters?.which[i] ?? 0, pieces), track: part(tracks, i), caption: spec.map?.captions[i] };
  });
  const images = spec.images && { ...spec.images, pixels: decode(model.get("_images"), Uint8Array) };
  const map = spec.map && { ...spec.map, ground: decode(model.get("_ground"), Uint8Array) };
  const splits = (metric) => ["train", "test"].filter((split) => spec.series.includes(`${split}_${metric}`));
  return { ...spec, t, variants, images, map, splits };
}

/** The sentence under the charts: where you are and how good the network is there. */
function sentence(data, variant, t) {
  const loss = interpolate(data.t, variant.curves.test_loss, t);
  const accuracy = interpolate(data.t, variant.curves.test_accuracy, t);
  const wrong = Math.round((1 - accuracy) * data.total);
  return `t = ${t.toFixed(2)} · test loss ${METRICS.loss.show(loss)} · test accuracy ${METRICS.accuracy.show(accuracy)} · ${wrong} of ${data.total} wrong`;
}

/** "Barrier 1.27 at t = 0.50", or that there is none. */
function verdict(variant, metric) {
  const { value, t } = variant.barriers[metric];
  if (value <= 0) return "no barrier: never worse than the straight chord";
  return `barrier ${METRICS[metric].gap(value)} at t = ${t.toFixed(2)}`;
}

/** A chart with its headline: name of the metric, current values, and the verdict where the barrier is drawn. */
function chartPanel(data, withAxis) {
  const chart = curveChart(data, withAxis);
  const [name, values, words] = [html("h4"), html("span", { class: "tk-values" }), html("span", { class: "tk-verdict" })];
  const element = html("section", {}, html("div", { class: "tk-head" }, name, values, words), chart.element);
  let now = null;
  function draw(size, variant, metric, withBarrier) {
    now = { variant, metric };
    name.textContent = METRICS[metric].label;
    words.textContent = withBarrier ? verdict(variant, metric) : "";
    words.hidden = !withBarrier;
    chart.draw(size, variant, metric, withBarrier);
  }
  function move(t) {
    const said = data.splits(now.metric).map((split) => {
      const value = interpolate(data.t, now.variant.curves[`${split}_${now.metric}`], t);
      return `${split} ${METRICS[now.metric].show(value)}`;
    });
    values.textContent = said.join("   ");
    chart.move(t);
  }
  return { element, draw, move, under: chart.under, surface: chart.element };
}

/** Every part of the widget, put together; `act` holds what the controls do. */
function assemble(data, act) {
  const [upper, lower] = [chartPanel(data, false), chartPanel(data, true)];
  const range = slider(data, act.go);
  const bar = controls(data, act.play, act.go, act.places);
  const metric = segments("Barrier in", data.metrics.map((name) => [name, METRICS[name].label]), unique("tk-metric"), act.metric);
  const switches = data.switches.map(({ label, words }, i) =>
    segments(label, words.map((word) => [word, word]), unique("tk-variant"), (word) => act.choose(i, word)));
  const strips = [data.images && digitStrip(data), data.filters && filterStrip(data)].filter(Boolean);
  const readout = html("p", { class: "tk-readout", "aria-hidden": "true" });
  const spoken = spokenLine();
  const several = switches.filter((_, i) => data.switches[i].words.length > 1).map(({ element }) => element);
  const choices = html("div", { class: "tk-choices" }, ...several, metric.element, legend(ghosts(data).length > 0));
  const track = html("div", { class: "tk-track" }, range);
  const left = html("div", { class: "tk-left" }, upper.element, lower.element, track, bar.element, readout, spoken);
  const side = html("div", { class: "tk-side" }, ...strips.map((strip) => strip.element));
  const map = data.map && pathMap(data);
  const body = html("div", { class: map ? "tk-body tk-with-map" : "tk-body" },
    ...(map ? [map.element] : []), left, ...(strips.length ? [side] : []));
  const root = html("div", { class: "tk tk-curve-slider", role: "group", "aria-label": data.title }, choices, body);
  for (const { surface, under } of [upper, lower, map].filter(Boolean)) dragOn(surface, (event) => act.go(under(event)));
  return { root, left, map, upper, lower, range, bar, metric, switches, strips, readout, spoken };
}

/** What the controls do: they change the model, and the model's listeners change what is shown. */
function actions(model, data, show) {
  const [first, last] = [data.t[0], data.t[data.t.length - 1]];
  const store = (name, value) => save(model, { [name]: value });
  const variant = () => data.variants.find(({ name }) => name === model.get("variant")) ?? data.variants[0];
  const set = (t) => (Number.isFinite(t) ? store("value", Math.min(last, Math.max(first, t))) : show());
  const film = curvePlayer(data, () => model.get("value"), set);
  const go = (t) => {
    film.stop();
    set(t);
    show(); // also when nothing changed: an impossible number typed in gives way to the true t
  };
  return {
    go, film, play: film.toggle, current: variant,
    places: () => [0, 0.5, variant().barriers[model.get("metric")].t, 1],
    metric: (name) => store("metric", name),
    choose: (place, word) => {
      const words = variant().words.map((own, i) => (i === place ? word : own));
      store("variant", data.variants.find((other) => other.words.every((own, i) => own === words[i])).name);
    },
  };
}

function render({ model, el }) {
  const data = read(model);
  const act = actions(model, data, () => move());
  const parts = assemble(data, act);
  const { upper, lower, range, bar } = parts;
  act.film.onchange = bar.playing;
  const say = throttled(() => (parts.spoken.textContent = sentence(data, act.current(), model.get("value"))), 800);

  function move() {
    const t = model.get("value");
    for (const panel of [parts.map, upper, lower].filter(Boolean)) panel.move(t);
    for (const strip of parts.strips) strip.move(t, act.current());
    parts.readout.textContent = sentence(data, act.current(), t);
    if (Number(range.value) !== t) range.value = t;
    range.setAttribute("aria-valuetext", `t = ${t.toFixed(2)}`);
    bar.number.value = +t.toFixed(3);
    say();
  }

  let drawn = null;
  function draw() {
    drawn = parts.left.clientWidth;
    const width = Math.max(260, drawn);
    const metric = model.get("metric");
    const beside = drawn < parts.root.clientWidth * 0.8; // something stands beside the charts: room to fill
    const [high, low] = !beside ? [184, 120] : parts.map ? [216, 132] : [252, 158];
    parts.map?.draw(act.current(), beside ? 400 : 360);
    upper.draw([width, high], act.current(), metric, true);
    lower.draw([width, low], act.current(), metric === "accuracy" ? "loss" : "accuracy", false);
    bar.top.disabled = act.current().barriers[metric].value <= 0;
    parts.metric.select(metric);
    parts.switches.forEach((control, i) => control.select(act.current().words[i]));
    move();
  }

  return runView({ model, el }, parts.root, {
    draw, traits: [["value", move], ["variant", draw], ["metric", draw]], watched: parts.left, resized: () => parts.left.clientWidth !== drawn,
    ends: [act.film.stop, say.cancel],
  });
}

export default { render };
