// The same three accuracies as curves over the slider moved last, with the present place marked.

const CURVES = { left: 44, right: 118, top: 4, foot: 52 };

/** Where the values of an axis stand between 0 and 1: as the numbers do, members by their logarithm. */
function placesOf(axis, values) {
  const at = values.map((v) => (axis === "members" ? Math.log(v) : v));
  const [low, high] = [at[0], at[at.length - 1]];
  return at.map((v) => (high > low ? (v - low) / (high - low) : 0.5));
}

function curvesPanel(data, choose) {
  const figure = svg("svg", { class: "tkl-chart tkl-curves", "aria-hidden": "true" });
  const [title, note] = [html("h4"), html("span", { class: "tk-note" })];
  const element = html("section", { class: "tkl-curves-panel" }, html("div", { class: "tkl-head" }, title, note), figure);
  let xs = [0]; // of the values, in pixels

  dragAlong(figure, (x) => choose(closest(xs, x)));

  function curve({ y }, series, along, current) {
    const { name } = SERIES[series];
    const path = (points) => points.map(([x, v]) => `${x.toFixed(1)} ${y(v).toFixed(1)}`).join("L");
    const edge = (side) => along.map(({ mean, sd }, i) => [xs[i], mean + side * sd]);
    return svg("g", {}, svg("path", { class: `tkl-band tkl-${name}`, d: `M${path([...edge(1), ...edge(-1).reverse()])}Z` }),
      svg("path", { class: `tkl-line tkl-${name}`, d: `M${path(along.map(({ mean }, i) => [xs[i], mean]))}` }),
      ...along.map(({ mean }, i) => seriesMark(name, xs[i], y(mean), i === current ? 6.5 : 3.5, i === current ? "tkl-now" : "")));
  }

  /** The values below the axis: the present one, and as many others as there is room for. */
  function below(state, floor) {
    const current = state.place[state.over];
    const { short } = data.axes[state.over];
    const wide = (i) => 0.9 * short[i].length * LETTER + 5;
    const shown = [current];
    const clear = (i) => shown.every((j) => j === i || Math.abs(xs[i] - xs[j]) >= (wide(i) + wide(j)) / 2);
    xs.forEach((_, i) => i !== current && clear(i) && shown.push(i));
    return shown.map((i) => svg("text", { class: i === current ? "tkl-tick tkl-now" : "tkl-tick", x: xs[i], y: floor + 16, "text-anchor": "middle" }, short[i]));
  }

  function draw(state, width, height) {
    const frame = { left: CURVES.left, right: width - CURVES.right, top: CURVES.top, floor: height - CURVES.foot };
    const axis = accuracyAxis(data, frame);
    const { name, symbol, values } = data.axes[state.over];
    const inset = 10;
    xs = placesOf(state.over, values).map((f) => frame.left + inset + f * (frame.right - frame.left - 2 * inset));
    const current = state.place[state.over];
    title.textContent = `Over ${symbol}`;
    note.textContent = `at ${Object.keys(data.axes).filter((other) => other !== state.over).map((other) => saidPlace(data, state, other)).join(", ")}`;
    fill(figure, { width, height }, []);
    const ends = state.along.map((along, s) => [axis.y(along[along.length - 1].mean), "", SERIES[s].brief, SERIES[s].name]);
    figure.replaceChildren(...axis.rules, ...axis.lines, svg("line", { class: "tkl-place", x1: xs[current], x2: xs[current], y1: frame.top, y2: frame.floor }),
      ...[0, 2, 1].map((s) => curve(axis, s, state.along[s], current)), ...below(state, frame.floor),
      svg("text", { class: "tkl-name", x: (frame.left + frame.right) / 2, y: frame.floor + 34, "text-anchor": "middle" }, `${name.toLowerCase()} ${symbol}`),
      ...sideLabels(ends, frame.right, frame.top + 8, frame.floor - 4));
  }

  return { element, draw };
}
