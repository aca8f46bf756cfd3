// The barrier against the round for all sources. The height grows with the square root: 0.3 points and 30 both show.

const MARKED = [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/** Ticks of the square-root axis that stand clear of one another; 0 and the threshold always do. */
function barrierTicks(high, stable, y) {
  const shown = [0, stable];
  for (const value of MARKED.filter((v) => v <= high).reverse()) if (shown.every((other) => Math.abs(y(other) - y(value)) >= 15)) shown.push(value);
  return shown;
}

/** The panel; `choose(round)` when pressed or dragged, `pick(name)` when a source's label is. */
function barriersPanel(data, choose, pick) {
  const figure = svg("svg", { class: "tkm-chart tkm-barriers", "aria-hidden": "true" });
  const element = html("section", {}, html("div", { class: "tkm-head" }, html("h4", {}, "Barrier in every round"), html("span", { class: "tk-note" }, "points; square-root scale")), figure);
  const high = Math.max(2 * data.stable, ...data.sources.map(({ barriers }) => Math.max(...barriers)));
  let place = null;
  const onName = (event) => {
    const label = event.target.closest("[data-name]");
    if (label) pick(label.dataset.name);
    return label !== null;
  };
  dragAlong(figure, (x) => choose(Math.min(data.rounds, Math.max(0, Math.round(((x - place.left) / place.wide) * data.rounds)))), onName);

  /** Names at the lines' ends, apart from one another, each joined to its line. */
  function labels({ source }, x, y, letters, top, floor) {
    const ends = data.sources.map(({ barriers }) => y(barriers[data.rounds]));
    const heights = apart(ends, 14, top + 4, floor - 2);
    return data.sources.map((one, s) => fill(svg("g", { class: one === source ? "tkm-name tkm-chosen" : "tkm-name" },
      svg("path", { d: `M${x + 6} ${ends[s]}L${x + 14} ${heights[s]}` }), svg("text", { x: x + 17, y: heights[s] + 4 }, cut(one.name, letters))), { "data-name": one.name }, []));
  }

  function draw(state, width, height) {
    const { source, at, here } = state;
    const letters = Math.min(Math.max(...data.sources.map(({ name }) => name.length)), Math.floor((0.42 * width) / LETTER));
    const frame = { left: 40, right: 24 + LETTER * letters, top: 12, bottom: 36 };
    const wide = Math.max(60, width - frame.left - frame.right);
    const floor = height - frame.bottom;
    place = { left: frame.left, wide };
    const x = (r) => frame.left + (r / data.rounds) * wide;
    const y = (v) => floor - Math.sqrt(v / high) * (floor - frame.top);
    const path = (values) => `M${Array.from(values, (v, r) => `${x(r).toFixed(2)} ${y(v).toFixed(2)}`).join("L")}`;
    const rules = barrierTicks(high, data.stable, y).map((v) => levelRule("tkm-rule", [x(0), x(data.rounds)], y(v), +(100 * v).toFixed(1), 9));
    const step = every(data.rounds + 1, wide / 20);
    const below = Array.from({ length: data.rounds + 1 }, (_, r) => r).filter((r) => r === at || (r % step === 0 && (step === 1 || Math.abs(x(r) - x(at)) >= 16)))
      .map((r) => svg("text", { class: r === at ? "tkm-now" : "", x: x(r), y: floor + 16, "text-anchor": "middle" }, r));
    const region = svg("rect", { class: "tkm-stable", x: x(0), y: y(data.stable), width: wide, height: floor - y(data.stable) });
    const [px, py] = [x(at), y(source.barriers[at])];
    const others = data.sources.filter((one) => one !== source).map(({ barriers }) => svg("path", { class: "tkm-other", d: path(barriers) }));
    const dots = Array.from(source.barriers, (v, r) => svg("circle", { class: "tkm-dot", cx: x(r), cy: y(v), r: 2.5 }));
    fill(figure, { width, height }, []);
    figure.replaceChildren(region, ...rules, svg("text", { class: "tkm-region", x: x(data.rounds) - 5, y: floor - 4, "text-anchor": "end" }, "stable"), ...below,
      svg("text", { x: frame.left + wide / 2, y: height - 4, "text-anchor": "middle" }, "round"), svg("line", { class: "tkm-place", x1: px, x2: px, y1: frame.top, y2: floor }),
      ...others, svg("path", { class: "tkm-chosen-line", d: path(source.barriers) }), ...dots, svg("path", { class: "tkm-spot", d: rhombus([px, py], 7) }),
      svg("text", { class: "tkm-barrier-text", x: at > 0.75 * data.rounds ? px - 9 : px + 9, y: Math.max(frame.top + 4, py - 8), "text-anchor": at > 0.75 * data.rounds ? "end" : "start" }, here.points),
      ...labels(state, x(data.rounds), y, letters, frame.top, floor));
  }
  return { element, draw };
}
