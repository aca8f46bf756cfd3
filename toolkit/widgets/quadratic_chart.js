// The chart: expected loss on a logarithmic scale, a mark and a name at the end of each curve, dotted lines where it settles.

const QUADRATIC_MARKS = {
  sgd: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  slow: (x, y, r) => `M${x - 0.9 * r} ${y - 0.9 * r}h${1.8 * r}v${1.8 * r}h${-1.8 * r}Z`,
  swa: (x, y, r) => `M${x} ${y - 1.1 * r}L${x + 1.1 * r} ${y + 0.9 * r}H${x - 1.1 * r}Z`,
  average: (x, y, r) => `M${x} ${y - 1.25 * r}L${x + 1.25 * r} ${y}L${x} ${y + 1.25 * r}L${x - 1.25 * r} ${y}Z`,
  member: (x, y, r) => `M${x - r} ${y - 0.55 * r}L${x} ${y - 1.1 * r}L${x + r} ${y - 0.55 * r}V${y + 0.55 * r}L${x} ${y + 1.1 * r}L${x - r} ${y + 0.55 * r}Z`,
  runs: (x, y, r) => `M${x} ${y + 1.1 * r}L${x + 1.1 * r} ${y - 0.9 * r}H${x - 1.1 * r}Z`,
};

/** 1, 2 and 5 times the powers of ten inside [low, high]; the powers alone where those are many. */
function logTicks(low, high) {
  const steps = Math.log10(high / low) > 2.5 ? [1] : [1, 2, 5];
  const found = [];
  for (let p = Math.floor(Math.log10(low)); p <= Math.log10(high); p++) found.push(...steps.map((s) => +(s * 10 ** p).toPrecision(1)));
  return found.filter((value) => value >= low && value <= high);
}

/** Heights near the wanted ones, which grow downwards, so far apart that texts of these sizes [above, below] do not overlap. */
function apart(wanted, sizes, bottom) {
  const found = [];
  wanted.forEach((y, i) => found.push(i ? Math.max(y, found[i - 1] + sizes[i - 1][1] + sizes[i][0]) : y));
  let floor = bottom;
  for (let i = found.length - 1; i >= 0; i--) {
    found[i] = Math.min(found[i], floor - sizes[i][1]);
    floor = found[i] - sizes[i][0];
  }
  return found;
}

/** The chart's scales for a width; names stand beside the curves where there is room for them. */
function quadraticScales(setting, curves, width) {
  const beside = width >= 520;
  const late = Object.values(curves).flatMap(({ x, loss, settled }) => [settled, ...loss.filter((_, i) => x[i] >= setting.release)]);
  const low = Math.min(...late) / 1.35;
  const high = Math.max(...late) * (setting.release ? 5 : 1.25); // with a little of the descent to the release
  const plot = { left: 44, right: width - (beside ? 224 : 16), top: 8, bottom: beside ? 276 : 220 };
  const x = (step) => plot.left + (step / setting.budget) * (plot.right - plot.left);
  const y = (loss) => plot.bottom - (Math.log(loss / low) / Math.log(high / low)) * (plot.bottom - plot.top);
  return { ...plot, x, y, low, high, width, beside, height: plot.bottom + 40 };
}

function quadraticGrid(at, { budget, release, axis, members, diverging }) {
  const rows = logTicks(at.low, at.high).map((value) => svg("g", { class: "tkq-tick" },
    svg("line", { x1: at.left, x2: at.right, y1: at.y(value), y2: at.y(value) }),
    svg("text", { x: at.left - 7, y: at.y(value) + 4, "text-anchor": "end" }, String(value))));
  const columns = ticks(0, budget, at.width > 420 ? 5 : 3).map((step) =>
    svg("text", { x: at.x(step), y: at.bottom + 17, "text-anchor": "middle" }, String(step)));
  const more = axis === "outer steps" && members > 1 ? `; after T₀ the late phase takes ${members} minibatches in each` : "";
  const fits = 6 * (axis + more).length < at.right - at.left;
  const title = svg("text", { class: "tkq-axis", x: (at.left + at.right) / 2, y: at.bottom + 35, "text-anchor": "middle" }, fits ? axis + more : axis);
  const words = [`T₀ = ${release}: late phase diverges`, `T₀ = ${release}`].slice(diverging ? 0 : 1);
  const room = [at.right - at.x(release), at.x(release) - at.left].map((pixels) => words.find((text) => 6 * text.length + 5 < pixels) ?? "");
  const before = room[1].length > room[0].length; // where the right side has no room for it
  const rule = svg("g", { class: "tkq-release" },
    svg("line", { x1: at.x(release), x2: at.x(release), y1: at.top, y2: at.bottom }),
    svg("text", { x: at.x(release) + (before ? -5 : 5), y: at.top + 10, "text-anchor": before ? "end" : "start" }, room[before ? 1 : 0]));
  return [...rows, ...columns, title, rule];
}

/** One curve with its mark, the dotted line where it settles and, where they are few, a dot at every round. */
function quadraticCurve(at, name, { x, loss, settled }, { budget, release }) {
  const seen = Math.max(0, loss.findIndex((value) => value <= at.high) - 1); // what is higher lies above the chart
  const points = loss.slice(seen).map((value, i) => `${at.x(x[seen + i]).toFixed(1)} ${at.y(value).toFixed(1)}`);
  const dots = name === "average" && x[1] - x[0] > 1 && x.length <= 30 ? x.slice(0, -1).map((step, i) =>
    svg("circle", { class: "tkq-round", cx: at.x(step), cy: at.y(loss[i]), r: 2.25 })) : [];
  const last = x.length - 1;
  return svg("g", { class: `tkq-curve tkq-${name}` },
    svg("line", { class: "tkq-settled", x1: at.x(budget - 0.16 * (budget - release)), x2: at.x(budget), y1: at.y(settled), y2: at.y(settled) }),
    svg("path", { class: "tkq-line", d: `M${points.join("L")}`, "clip-path": `url(#${at.clip})` }), ...dots,
    svg("path", { class: "tkq-mark", d: QUADRATIC_MARKS[name](at.x(x[last]), at.y(loss[last]), 5) }));
}

/** Names, losses at the end and, where it is more than the budget, the cost. */
function quadraticLabels(at, curves, { members, budget }) {
  const names = Object.keys(curves).sort((a, b) => finalOf(curves[b]) - finalOf(curves[a]));
  const sizes = names.map((name) => [9, curves[name].cost > budget ? 24 : 9]);
  const ends = names.map((name) => at.y(finalOf(curves[name])));
  const left = at.right + 30;
  return apart(ends, sizes, at.bottom + 12).map((y, i) => {
    const [name, curve] = [names[i], curves[names[i]]];
    const words = svg("text", { x: left + 12, y: y + 4.5 }, `${curveName(name, members)} `, svg("tspan", { class: "tkq-value" }, showLoss(finalOf(curve))));
    const cost = curve.cost > budget ? [svg("text", { class: "tkq-cost", x: left + 12, y: y + 19 }, `takes ${curve.cost} minibatches`)] : [];
    return svg("g", { class: `tkq-label tkq-${name}`, "data-method": name },
      svg("path", { class: "tkq-leader", d: `M${at.right + 9} ${ends[i]}L${left - 7} ${y}` }),
      svg("path", { class: "tkq-mark", d: QUADRATIC_MARKS[name](left, y, 4.5) }), words, ...cost);
  });
}

/** The same as a list below the chart, where there is no room beside the curves. */
function quadraticList(curves, { members, budget }) {
  return Object.entries(curves).map(([name, curve]) => {
    const mark = svg("svg", { width: 34, height: 14, class: `tkq-curve tkq-${name}`, "aria-hidden": "true" },
      svg("path", { class: "tkq-line", d: "M1 7H33" }), svg("path", { class: "tkq-mark", d: QUADRATIC_MARKS[name](17, 7, 4.5) }));
    const cost = curve.cost > budget ? [html("small", {}, `takes ${curve.cost} minibatches`)] : [];
    return html("li", { "data-method": name }, mark, html("span", {}, `${curveName(name, members)} `, html("b", { class: "tkq-value" }, showLoss(finalOf(curve))), ...cost));
  });
}

function quadraticChart() {
  const clip = unique("tkq-clip");
  const figure = svg("svg", { class: "tkq-chart", role: "img" });
  const list = html("ul", { class: "tkq-list" });
  const element = html("section", { class: "tkq-figure" }, figure, list);
  function draw(setting, curves, width) {
    const at = { ...quadraticScales(setting, curves, width), clip };
    const window = svg("rect", { x: at.left, y: at.top, width: at.right - at.left + 2, height: at.bottom - at.top });
    const drawn = Object.entries(curves).map(([name, curve]) => quadraticCurve(at, name, curve, setting));
    fill(figure, { width, height: at.height, "aria-label": Object.entries(curves).map(([name, curve]) => `${curveName(name, setting.members)} ${showLoss(finalOf(curve))}`).join(", ") }, []);
    figure.replaceChildren(svg("clipPath", { id: clip }, window), ...quadraticGrid(at, setting), ...drawn, ...(at.beside ? quadraticLabels(at, curves, setting) : []));
    list.replaceChildren(...(at.beside ? [] : quadraticList(curves, setting)));
  }
  return { element, draw };
}
