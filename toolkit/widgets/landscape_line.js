// The measure on the straight line from a network through the point, on the scale of the colours.

const STRIP = { left: 52, right: 12, top: 12, bottom: 34 };

function landscapeLine(data) {
  const figure = svg("svg", { class: "tke-chart", "aria-hidden": "true" });
  const [title, note] = [html("h4"), html("p", { class: "tk-caption" })];
  const element = html("section", { class: "tke-line-panel" }, html("div", { class: "tke-head" }, title), figure, note);

  function rules(y, from, to) {
    const step = Math.max(1, Math.ceil(data.levels.length / 4));
    const kept = data.levels.map((level, i) => [level, data.shown[i]]).filter((_, i) => i % step === 0);
    return kept.map(([level, text]) => levelRule("tke-rule", [from, to], y(level), text));
  }

  function draw({ way, start, value }, width, height) {
    const [wide, tall] = [Math.max(60, width - STRIP.left - STRIP.right), height - STRIP.top - STRIP.bottom];
    const last = way.away[way.away.length - 1];
    const x = (away) => STRIP.left + (away / last) * wide;
    const y = (v) => STRIP.top + (1 - shadeOf(data, v)) * tall;
    const floor = STRIP.top + tall;
    const line = way.away.map((away, i) => `${x(away).toFixed(1)} ${y(way.values[i]).toFixed(1)}`).join("L");
    const [px, py] = [x(way.here), y(value)];
    const below = ticks(0, last, 4).map((v) => svg("text", { x: x(v), y: floor + 15, "text-anchor": "middle" }, String(+v.toPrecision(6))));
    fill(figure, { width, height }, []);
    figure.replaceChildren(...rules(y, STRIP.left, STRIP.left + wide), svg("line", { class: "tke-floor", x1: STRIP.left, x2: STRIP.left + wide, y1: floor, y2: floor }), ...below,
      svg("text", { x: STRIP.left + wide, y: floor + 29, "text-anchor": "end" }, `distance from ${start.name}${start.away ? "'s shadow" : ""} in weight space`),
      svg("path", { class: "tke-curve", d: `M${line}` }), svg("line", { class: "tke-place", x1: px, x2: px, y1: STRIP.top, y2: floor }),
      networkMark(start, [x(0), y(way.values[0])], 6), svg("path", { class: "tke-spot", d: rhombus([px, py], 7.5) }));
    title.textContent = `From ${start.name} through the point`;
    const top = Math.max(...way.values);
    const at = way.away[way.values.indexOf(top)];
    note.textContent = way.here > 1e-6 * last
      ? `Highest on it: ${shownValue(data, top)}, ${at.toFixed(2)} from ${start.name}. It ends at the edge of the map.`
      : `The point stands on ${start.name}: the line runs along x. Highest on it: ${shownValue(data, top)}.`;
  }
  return { element, draw };
}
