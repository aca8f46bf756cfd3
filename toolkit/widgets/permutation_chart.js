// The line from A to P(B): test loss with its barrier, test accuracy; and the barrier after every number of swaps.

const LEAST = 0.005; // nats: a lower barrier would read 0.00
const FRAME = { left: 44, right: 14, top: 10, bottom: 22 };

/** One chart of a measure along the line; `percent` for the accuracy. */
function lineChart(data, name, percent) {
  const figure = svg("svg", { class: "tkp-chart", "aria-hidden": "true" });
  const id = unique("tkp-gradient");
  const values = data.known.flatMap((entry) => [...entry[name]]);
  const write = (value) => (percent ? `${Math.round(100 * value)} %` : String(+value.toFixed(2)));

  function scales(width, height, extra) {
    const [low, high] = percent ? [Math.max(0, Math.min(...values, ...extra) - 0.04), 1] : [0, 1.06 * Math.max(...values, ...extra) || 1];
    const floor = height - FRAME.bottom;
    const x = (t) => FRAME.left + t * (width - FRAME.left - FRAME.right);
    return { x, y: (v) => floor - ((v - low) / (high - low)) * (floor - FRAME.top), low, high, floor, width };
  }

  function grid({ x, y, low, high, floor, width }, height) {
    const lines = ticks(low, high, height > 150 ? 4 : 2).map((value) => levelRule("tkp-rule", [FRAME.left, width - FRAME.right], y(value), write(value)));
    const ends = [[0, "A"], [0.5, "middle"], [1, "P(B)"]].map(([t, text]) =>
      svg("text", { class: t === 0.5 ? "tkp-tick" : "tkp-end", x: x(t), y: floor + 16, "text-anchor": t < 1 ? "middle" : "end", dx: t < 1 ? 0 : 10 }, text));
    return [...lines, ...ends];
  }

  const trace = ({ x, y }, curve) => `M${[...curve].map((v, i) => `${x(data.t[i]).toFixed(1)} ${y(v).toFixed(1)}`).join("L")}`;

  function barrierBar({ x, y }, curve, top, stale) {
    const chord = svg("line", { class: "tkp-chord", x1: x(0), x2: x(1), y1: y(curve[0]), y2: y(curve[curve.length - 1]) });
    if (top.value < LEAST || stale) return [chord];
    const [bx, y1, y2] = [x(top.t), y(top.chord), y(top.chord + top.value)];
    const head = Math.min(6, (y1 - y2) / 3);
    const arrow = (from, h) => `M${bx - 4.5} ${from + h}L${bx} ${from}L${bx + 4.5} ${from + h}`;
    const label = svg("text", { class: "tkp-gap", x: bx + 11, y: Math.min(y1 - 6, (y1 + y2) / 2 + 5) }, top.value.toFixed(2));
    return [svg("path", { class: "tkp-area", d: `${trace({ x, y }, curve)}Z` }), chord,
      svg("path", { class: "tkp-barrier", d: `M${bx} ${y1}V${y2}${arrow(y1, -head)}${arrow(y2, head)}` }), ...(y1 - y2 > 30 ? [label] : [])];
  }

  /** Draw a curve over the ghost of the first; a stale one, of another arrangement, is grey. */
  function draw([width, height], curve, stale, top) {
    const at = scales(width, height, curve);
    const { x, y } = at;
    fill(figure, { width, height }, []);
    figure.classList.toggle("tkp-stale", stale);
    const stops = [[0, "a"], [0.5, "text"], [1, "b"]].map(([offset, hue]) => svg("stop", { offset, style: `stop-color: var(--tk-${hue})` }));
    const gradient = svg("linearGradient", { id, gradientUnits: "userSpaceOnUse", x1: x(0), x2: x(1), y1: 0, y2: 0 }, ...stops);
    figure.replaceChildren(svg("defs", {}, gradient), ...grid(at, height), svg("path", { class: "tkp-ghost", d: trace(at, data.known[0][name]) }),
      ...(top ? barrierBar(at, curve, top, stale) : []), svg("path", { class: "tkp-line", d: trace(at, curve), stroke: `url(#${id})` }),
      svg("circle", { class: "tkp-dot-a", cx: x(0), cy: y(curve[0]), r: 6 }),
      svg("rect", { class: "tkp-dot-b", x: x(1) - 5.5, y: y(curve[curve.length - 1]) - 5.5, width: 11, height: 11 }));
  }

  return { element: figure, draw };
}

/** The loss chart with its headline, and a smaller one of the accuracy. */
function linePanel(data) {
  const [loss, accuracy] = [lineChart(data, "loss", false), lineChart(data, "accuracy", true)];
  const verdict = html("span", { class: "tkp-verdict" });
  const dashes = (name, text) => html("span", {}, svg("svg", { width: 26, height: 8, "aria-hidden": "true" }, svg("line", { x1: 1, x2: 25, y1: 4, y2: 4, class: name })), text);
  const head = (title, ...rest) => html("div", { class: "tkp-head" }, html("h4", {}, title), ...rest);
  const veil = html("p", { class: "tkp-veil" });
  const element = html("section", { class: "tkp-line-panel" }, head("Test loss, A to P(B)", verdict), html("div", { class: "tkp-under" }, loss.element, veil),
    head("Test accuracy", html("span", { class: "tkp-legend" }, dashes("tkp-now", "now"), dashes("tkp-before", "before any swap"))), accuracy.element);
  let before = null;

  function draw(state, width, [tall, low], waiting) {
    const found = state.found ?? before ?? knownAt(data, state.k);
    const stale = state.found === null;
    if (!stale) before = found;
    const top = barrierOf(data.t, found.loss);
    loss.draw([width, tall], found.loss, stale, top);
    accuracy.draw([width, low], found.accuracy, stale, null);
    veil.textContent = stale ? waiting : "";
    veil.hidden = !stale;
    verdict.textContent = stale ? "not measured" : top.value >= LEAST ? `barrier ${found.exact ? "" : "≈ "}${top.value.toFixed(2)} nats` : "no barrier";
  }

  return { element, draw };
}

/** The barrier after every number of swaps, in line with the slider below it. */
function barrierTrack(data) {
  const figure = svg("svg", { class: "tkp-track-chart", "aria-hidden": "true" });
  const [height, inset] = [40, 9];

  function draw(state, width) {
    const high = Math.max(...data.barriers) || 1;
    const x = (k) => inset + (k / (data.last || 1)) * (width - 2 * inset);
    const y = (v) => height - 3 - (v / high) * (height - 10);
    const points = data.known.map(({ k }, m) => `${x(k).toFixed(1)} ${y(data.barriers[m]).toFixed(1)}`).join("L");
    const here = knownAt(data, state.k);
    fill(figure, { width, height }, []);
    figure.replaceChildren(svg("path", { class: "tkp-area", d: `M${x(0)} ${y(0)}L${points}L${x(data.last)} ${y(0)}Z` }), svg("path", { class: "tkp-sink", d: `M${points}` }),
      svg("path", { class: state.byHand.length ? "tkp-here tkp-hollow" : "tkp-here", d: rhombus([x(state.k), y(barrierOf(data.t, here.loss).value)], 6) }));
  }

  return { element: figure, draw };
}
