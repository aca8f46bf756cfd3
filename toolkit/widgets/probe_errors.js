// Relative error over the number of probes, both axes logarithmic: measured, predicted, and slope -1/2 as a guide.

const FALL = { left: 58, right: 16, top: 12, bottom: 38 };

function probeErrors(data, choose) {
  const figure = svg("svg", { class: "tkh-chart tkh-errors", "aria-hidden": "true" });
  const key = (name, text) => html("span", {}, html("i", { class: `tkh-key-${name}`, "aria-hidden": "true" }), text);
  const element = html("section", {}, html("div", { class: "tkh-head" }, html("h4", {}, "Relative error over probes")), figure,
    html("p", { class: "tkh-key tk-caption" }, key("measured", "measured ●"), key("predicted", "predicted ■"), key("guide", "slope −1/2: four times the probes, half the error")));
  const { values, short } = data.axes.probes;
  let xs = [];

  dragAlong(figure, (x) => choose(closest(xs, x)));

  const drawable = (error) => error !== null && error > 0;
  const guide = data.reference === null ? [] : values.map((probes) => data.reference / Math.sqrt(probes));

  /** Lowest and highest error with some room, as logarithms. */
  function range() {
    const all = [...data.measured, ...data.predicted].filter(drawable);
    if (!all.length) return [-2, 0];
    return [Math.log10(Math.min(...all)) - 0.08, Math.log10(Math.max(...all)) + 0.08];
  }

  /** Round errors inside the range: 1, 2, 5 times powers of ten, or the powers alone where that would be many. */
  function levels([low, high]) {
    const found = (parts) => Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => parts.map((p) => p * 10 ** (Math.floor(low) + i))).flat()
      .filter((v) => Math.log10(v) >= low && Math.log10(v) <= high);
    return high - low < 2.2 ? found([1, 2, 5]) : found([1]);
  }

  function draw({ at }, width, height) {
    const [wide, tall] = [width - FALL.left - FALL.right, height - FALL.top - FALL.bottom];
    const logs = values.map(Math.log);
    const span = logs[logs.length - 1] - logs[0];
    const [low, high] = range();
    const floor = FALL.top + tall;
    xs = logs.map((log) => FALL.left + 8 + (span ? (log - logs[0]) / span : 0.5) * (wide - 8));
    const y = (error) => FALL.top + ((high - Math.log10(error)) / (high - low)) * tall;
    const path = (errors) => errors.flatMap((error, i) => (drawable(error) ? [`${xs[i].toFixed(1)} ${y(error).toFixed(1)}`] : [])).join("L");
    const line = (name, errors) => (path(errors) ? [svg("path", { class: `tkh-line tkh-${name}`, d: `M${path(errors)}` })] : []);
    const marks = (errors, mark) => errors.flatMap((error, i) => (drawable(error) ? [mark(xs[i], y(error))] : []));
    const beside = levels([low, high]).map((v) => levelRule("tkh-rule", [FALL.left, FALL.left + wide], y(v), errorText(v)));
    const every = Math.ceil((values.length * 34) / wide);
    const below = values.flatMap((_, i) => (i === at || (i % every === 0 && Math.abs(i - at) >= every) ? [svg("text", { class: i === at ? "tkh-now" : "", x: xs[i], y: floor + 17, "text-anchor": "middle" }, short[i])] : []));
    const here = drawable(data.measured[at]) ? [svg("path", { class: "tkh-spot", d: rhombus([xs[at], y(data.measured[at])], 8) })] : [];
    const clip = unique("tkh-clip");
    fill(figure, { width, height }, []);
    figure.replaceChildren(svg("clipPath", { id: clip }, svg("rect", { x: FALL.left, y: FALL.top, width: wide + 8, height: tall })), ...beside, ...below,
      svg("text", { x: FALL.left + wide, y: floor + 34, "text-anchor": "end" }, "probes M"), svg("g", { "clip-path": `url(#${clip})` }, ...line("guide", guide)),
      svg("line", { class: "tkh-place", x1: xs[at], x2: xs[at], y1: FALL.top, y2: floor }), ...line("predicted", data.predicted), ...line("measured", data.measured),
      ...marks(data.predicted, (x, v) => svg("rect", { class: "tkh-guess", x: x - 4, y: v - 4, width: 8, height: 8 })),
      ...marks(data.measured, (x, v) => svg("circle", { class: "tkh-dot", cx: x, cy: v, r: 3 })), ...here);
  }
  return { element, draw };
}
