// One chart over t: train and test curves, and for the chosen metric the straight chord and the barrier.

const PLOT = { left: 46, right: 16 }; // the slider below uses the same margins, so thumb and marker stand in line

const METRICS = {
  loss: { label: "Loss", show: (v) => v.toFixed(2), tick: (v) => String(+v.toFixed(2)), gap: (v) => v.toFixed(2), sign: 1 },
  accuracy: { label: "Accuracy", show: (v) => `${(100 * v).toFixed(1)} %`, tick: (v) => `${Math.round(100 * v)} %`, gap: (v) => `${(100 * v).toFixed(1)} points`, sign: -1 },
  ece: { label: "Calibration error", show: (v) => v.toFixed(3), tick: (v) => String(+v.toFixed(3)), gap: (v) => v.toFixed(3), sign: 1 },
};

/** The variants drawn faintly behind the one shown: all the others, unless they would be a thicket. */
function ghosts(data, shown = data.variants[0]) {
  return data.variants.length <= 8 ? data.variants.filter((variant) => variant !== shown) : [];
}

/** Lowest and highest value to draw of a metric: the same for every variant, so that variants can be compared. */
function extent(data, metric) {
  const values = data.variants.flatMap((v) => data.splits(metric).flatMap((split) => [...v.curves[`${split}_${metric}`]]));
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (metric !== "accuracy") return [0, high > 0 ? high * 1.08 : 1];
  return [Math.max(0, low - 0.08 * (1 - low) - 0.01), 1];
}

/** Build a chart; draw(...) lays everything out, move(t) moves only the marker. */
function curveChart(data, withAxis) {
  const id = unique("tk-gradient");
  const figure = svg("svg", { class: "tk-chart", "aria-hidden": "true" });
  const rule = svg("line", { class: "tk-rule" });
  const marks = { train: svg("path", { class: "tk-point tk-train" }), test: svg("path", { class: "tk-point tk-test" }) };
  let now = null;

  function scales(width, height, metric) {
    const [low, high] = extent(data, metric);
    const [first, last] = [data.t[0], data.t[data.t.length - 1]];
    const floor = height - (withAxis ? 22 : 8);
    const x = (t) => PLOT.left + ((t - first) / (last - first)) * (width - PLOT.left - PLOT.right);
    const y = (v) => floor - ((v - low) / (high - low)) * (floor - 12);
    return { x, y, low, high, floor, width, height };
  }

  function grid({ x, y, low, high, floor, width, height }, metric) {
    const parts = ticks(low, high, height > 130 ? 4 : 2).map((value) =>
      levelRule("tk-tick", [PLOT.left, width - PLOT.right], y(value), METRICS[metric].tick(value), 8));
    if (!withAxis) return parts;
    const [first, last] = [data.t[0], data.t[data.t.length - 1]];
    for (const t of ticks(first, last, width > 420 ? 5 : 3)) {
      const name = { 0: "A · 0", 1: "B · 1" }[+t.toFixed(6)];
      const place = { x: x(t), y: floor + 17, "text-anchor": "middle" };
      parts.push(svg("text", { class: name ? "tk-axis-end" : "tk-axis", ...place }, name ?? String(+t.toFixed(2))));
    }
    return parts;
  }

  function gradient({ x }) {
    const stops = [[0, "a"], [0.5, "text"], [1, "b"]].map(([offset, name]) =>
      svg("stop", { offset, style: `stop-color: var(--tk-${name})` }));
    return svg("linearGradient", { id, gradientUnits: "userSpaceOnUse", x1: x(0), x2: x(1), y1: 0, y2: 0 }, ...stops);
  }

  function curve({ x, y }, values, className, more = {}) {
    const points = [...values].map((v, i) => `${x(data.t[i]).toFixed(1)} ${y(v).toFixed(1)}`);
    return svg("path", { class: `tk-curve ${className}`, d: `M${points.join("L")}`, ...more });
  }

  function curves(at, variant, metric) {
    return data.splits(metric).map((split) =>
      curve(at, variant.curves[`${split}_${metric}`], `tk-${split}`, { stroke: `url(#${id})` }));
  }

  function ends({ x, y }, variant, metric) {
    const values = variant.curves[`test_${metric}`];
    const [ya, yb] = [0, 1].map((t) => y(interpolate(data.t, values, t)));
    return [
      svg("circle", { class: "tk-end-a", cx: x(0), cy: ya, r: 6 }),
      svg("rect", { class: "tk-end-b", x: x(1) - 5.5, y: yb - 5.5, width: 11, height: 11 }),
    ];
  }

  /** The chord, the area between it and the curve, and a bar with arrow heads where the curve is farthest from it. */
  function barrier({ x, y, width }, variant, metric) {
    const top = variant.barriers[metric];
    const values = variant.curves[`test_${metric}`];
    const [a, b] = [0, 1].map((t) => interpolate(data.t, values, t));
    const parts = [svg("line", { class: "tk-chord", x1: x(0), x2: x(1), y1: y(a), y2: y(b) })];
    if (top.value <= 0) return parts;
    const inside = [...data.t].map((t, i) => [t, values[i]]).filter(([t]) => t > 0 && t < 1);
    const outline = [[0, a], ...inside, [1, b]].map(([t, v]) => `${x(t).toFixed(1)} ${y(v).toFixed(1)}`);
    parts.unshift(svg("path", { class: "tk-area", d: `M${outline.join("L")}Z` }));
    const [bx, y1, y2] = [x(top.t), y(top.chord), y(top.chord + METRICS[metric].sign * top.value)];
    const head = Math.min(6, Math.abs(y2 - y1) / 3) * Math.sign(y2 - y1);
    const arrow = (from, h) => `M${bx - 4.5} ${from + h}L${bx} ${from}L${bx + 4.5} ${from + h}`;
    parts.push(svg("path", { class: "tk-barrier", d: `M${bx} ${y1}V${y2}${arrow(y1, head)}${arrow(y2, -head)}` }));
    const right = bx < width * 0.62;
    if (Math.abs(y2 - y1) > 34 && width > 480) {
      parts.push(svg("text", { class: "tk-barrier-label", x: bx + (right ? 12 : -12), y: (y1 + y2) / 2 + 5,
        "text-anchor": right ? "start" : "end" }, METRICS[metric].gap(top.value)));
    }
    return parts;
  }

  function draw([width, height], variant, metric, withBarrier) {
    const at = scales(width, height, metric);
    now = { ...at, variant, metric };
    figure.setAttribute("width", width);
    figure.setAttribute("height", height);
    const extra = withBarrier ? barrier(at, variant, metric) : [];
    const area = extra.filter((part) => part.classList.contains("tk-area"));
    const rest = extra.filter((part) => !part.classList.contains("tk-area"));
    const behind = withBarrier ? ghosts(data, variant).map((other) => curve(at, other.curves[`test_${metric}`], "tk-ghost")) : [];
    figure.replaceChildren(svg("defs", {}, gradient(at)), ...area, ...grid(at, metric), ...behind, rule, ...rest,
      ...curves(at, variant, metric), ...ends(at, variant, metric), marks.train, marks.test);
    rule.setAttribute("y1", 2);
    rule.setAttribute("y2", at.floor);
  }

  function move(t) {
    const x = now.x(t);
    rule.setAttribute("x1", x);
    rule.setAttribute("x2", x);
    for (const split of ["train", "test"]) {
      const values = now.variant.curves[`${split}_${now.metric}`];
      const size = split === "test" ? 8 : 5.5;
      marks[split].setAttribute("d", values ? rhombus([x, now.y(interpolate(data.t, values, t))], size) : "");
    }
  }

  /** The t under a pointer. */
  function under(event) {
    const box = figure.getBoundingClientRect();
    const fraction = (event.clientX - box.left - PLOT.left) / (box.width - PLOT.left - PLOT.right);
    const [first, last] = [data.t[0], data.t[data.t.length - 1]];
    return first + Math.min(1, Math.max(0, fraction)) * (last - first);
  }

  return { element: figure, draw, move, under };
}
