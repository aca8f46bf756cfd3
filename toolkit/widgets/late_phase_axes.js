// What both charts share: the scale of the accuracy, its rules, the dashed lines to compare with, marks and labels.

const PAD = 24; // pixels between the outermost accuracy and the frame: room for a number

/** The y axis of a chart between `top` and `floor`, from `left` to `right`; the same accuracies in both charts. */
function accuracyAxis(data, { left, right, top, floor }) {
  const [low, high] = data.range;
  const y = (v) => floor - PAD - ((v - low) / (high - low)) * (floor - top - 2 * PAD);
  const rules = ticks(low, high, 8).map((v) => levelRule("tkl-rule", [left, right], y(v), `${+(100 * v).toFixed(1)} %`));
  const lines = data.lines.map(({ level }, i) => svg("line", { class: i ? "tkl-reference" : "tkl-base", x1: left, x2: right, y1: y(level), y2: y(level) }));
  return { y, rules, lines };
}

/** A mark of a series: hexagon (as in the NoisyQuadraticPlayground), diamond, or plus. */
function seriesMark(name, x, y, r, more = "") {
  const [a, b, c] = [0.36 * r, 1.02 * r, 0.953 * r];
  const shapes = {
    member: `M${x} ${y - 1.1 * r}l${c} ${0.55 * r}v${1.1 * r}l${-c} ${0.55 * r}l${-c} ${-0.55 * r}v${-1.1 * r}Z`,
    average: `M${x} ${y - 1.2 * r}l${1.2 * r} ${1.2 * r}l${-1.2 * r} ${1.2 * r}l${-1.2 * r} ${-1.2 * r}Z`,
    ensemble: `M${x - a} ${y - b}h${2 * a}v${b - a}h${b - a}v${2 * a}h${a - b}v${b - a}h${-2 * a}v${a - b}h${a - b}v${-2 * a}h${b - a}Z`,
  };
  return svg("path", { class: `tkl-mark tkl-${name} ${more}`, d: shapes[name] });
}

/** Labels to the right of a chart, each joined to the height it means. `labels` are [y, class, text, mark or ""]. */
function sideLabels(labels, x, top, floor) {
  const heights = apart(labels.map(([y]) => y), 14, top, floor);
  return labels.map(([y, className, text, mark], i) => svg("g", { class: `tkl-label ${className}` },
    svg("path", { class: "tkl-leader", d: `M${x + 1} ${y}L${x + 9} ${heights[i]}` }),
    ...(mark ? [seriesMark(mark, x + 17, heights[i], 4.5)] : []),
    svg("text", { x: x + (mark ? 26 : 12), y: heights[i] + 4 }, text)));
}
