// Training error on the line between two siblings: this round, the other rounds as ghosts, the barrier marked.

function linePanel(data) {
  const figure = svg("svg", { class: "tkm-chart tkm-line-chart", "aria-hidden": "true" });
  const verdict = html("span", { class: "tkm-verdict" });
  const key = html("p", { class: "tkm-key" }, html("span", {}, html("i", { class: "tkm-this" }), "this round"), html("span", {}, html("i", { class: "tkm-ghost-key" }), "other rounds"),
    html("span", {}, html("i", { class: "tkm-chord-key" }), "between the ends"));
  const element = html("section", {}, html("div", { class: "tkm-head" }, html("h4", {}, "Error between siblings"), verdict), figure, key);
  const frame = { left: 48, right: 14, top: 12, bottom: 22 };

  function draw({ source, at, here }, width, height) {
    const high = Math.max(2 * data.stable, ...source.error.map((curve) => Math.max(...curve)));
    const floor = height - frame.bottom;
    const x = (t) => frame.left + t * (width - frame.left - frame.right);
    const y = (v) => floor - (v / high) * (floor - frame.top);
    const along = (i) => i / (data.points - 1);
    const path = (curve) => `M${Array.from(curve, (v, i) => `${x(along(i)).toFixed(2)} ${y(v).toFixed(2)}`).join("L")}`;
    const rules = ticks(0, high, 4).map((v) => levelRule("tkm-rule", [x(0), x(1)], y(v), errorText(v), 9));
    const below = [[0, "start", "sibling A"], [0.5, "middle", "halfway"], [1, "end", "sibling B"]].map(([t, anchor, text]) =>
      svg("text", { x: t === 0 ? x(0) - 8 : t === 1 ? x(1) + 8 : x(t), y: floor + 18, "text-anchor": anchor }, text));
    const curve = source.error[at];
    const [first, last] = [curve[0], curve[data.points - 1]];
    const t = along(here.peak);
    const foot = (1 - t) * first + t * last;
    const marked = y(foot) - y(curve[here.peak]) > 1;
    const barrier = marked ? [svg("path", { class: "tkm-barrier", d: `M${x(t)} ${y(foot)}V${y(curve[here.peak])}M${x(t) - 5} ${y(foot)}h10M${x(t) - 5} ${y(curve[here.peak])}h10` })] : [];
    const beside = t > 0.6 ? { x: x(t) - 9, "text-anchor": "end" } : { x: x(t) + 9 };
    const label = svg("text", { class: "tkm-barrier-text", ...beside, y: Math.max(frame.top + 8, y((foot + curve[here.peak]) / 2) - (marked ? -4 : 8)) }, `${here.points} points`);
    fill(figure, { width, height }, []);
    figure.replaceChildren(...rules, ...below, ...source.error.map((other, r) => (r === at ? "" : svg("path", { class: "tkm-ghost", d: path(other) }))),
      svg("line", { class: "tkm-chord", x1: x(0), x2: x(1), y1: y(first), y2: y(last) }), svg("path", { class: "tkm-line", d: path(curve) }), ...barrier,
      svg("circle", { class: "tkm-a", cx: x(0), cy: y(first), r: 5 }), svg("rect", { class: "tkm-b", x: x(1) - 4.5, y: y(last) - 4.5, width: 9, height: 9 }), label);
    verdict.textContent = here.verdict;
  }
  return { element, draw };
}
