// Mean member, weight average and prediction ensemble at one setting, each as a bar that starts at the base.

const BARS = { left: 40, top: 4, foot: 52, column: 68 };

function barsPanel(data) {
  const figure = svg("svg", { class: "tkl-chart tkl-bars", "aria-hidden": "true" });
  const title = html("h4");
  const element = html("section", { class: "tkl-bars-panel" }, html("div", { class: "tkl-head" }, title), figure);

  /** The names of the dashed lines, with their numbers where both fit. */
  function names(width) {
    const room = Math.min(0.3 * width, width - BARS.left - 3 * BARS.column) - 18;
    const full = data.lines.map(({ name, shown }) => `${name} ${shown}`);
    const fits = Math.max(...full.map((text) => text.length)) * LETTER <= room;
    const texts = fits ? full : data.lines.map(({ name }) => cut(name, Math.floor(room / LETTER)));
    return { texts, room: 18 + Math.max(...texts.map((text) => text.length)) * LETTER };
  }

  function column({ y }, series, at, shown, x, wide) {
    const { name } = SERIES[series];
    const [foot, end] = [y(data.lines[0].level), y(at.mean)];
    const [mark, whisker, dots] = [x - 0.28 * wide, x + 0.04 * wide, x + 0.3 * wide];
    const [low, high] = [y(at.mean - at.sd), y(at.mean + at.sd)];
    const outer = at.mean >= data.lines[0].level ? Math.min(end, high, ...at.seeds.map(y)) - 9 : Math.max(end, low, ...at.seeds.map(y)) + 18;
    return svg("g", { class: "tkl-column" },
      svg("rect", { class: `tkl-bar tkl-${name}`, x: x - wide / 2, y: Math.min(foot, end), width: wide, height: Math.abs(foot - end) }),
      ...at.seeds.map((v, i) => svg("circle", { class: "tkl-seed", cx: dots + 4 * ((i % 3) - 1), cy: y(v), r: 2.5 })),
      svg("path", { class: "tkl-whisker", d: `M${whisker} ${low}V${high}M${whisker - 4} ${low}h8M${whisker - 4} ${high}h8` }),
      seriesMark(name, mark, end, 6.5), svg("text", { class: "tkl-number", x, y: outer, "text-anchor": "middle" }, shown));
  }

  function foot(series, members, x, y) {
    const { words, cost } = SERIES[series];
    const line = (text, dy, name) => svg("text", { class: name, x, y: y + dy, "text-anchor": "middle" }, text);
    return svg("g", {}, line(words[0], 16, "tkl-name"), line(words[1], 30, "tkl-name"), line(cost(members), 46, "tkl-cost"));
  }

  function draw(state, width, height) {
    const { texts, room } = names(width);
    const frame = { left: BARS.left, right: width - room, top: BARS.top, floor: height - BARS.foot };
    const axis = accuracyAxis(data, frame);
    const step = (frame.right - frame.left) / 3;
    const x = (series) => frame.left + (series + 0.5) * step;
    title.textContent = state.cell.title;
    fill(figure, { width, height }, []);
    figure.replaceChildren(...axis.rules, ...axis.lines,
      ...SERIES.map((_, s) => column(axis, s, state.here[s], state.cell.shown[s], x(s), Math.min(52, 0.72 * step))),
      ...SERIES.map((_, s) => foot(s, state.members, x(s), frame.floor)),
      ...sideLabels(data.lines.map(({ level }, i) => [axis.y(level), i ? "" : "tkl-main", texts[i], ""]), frame.right, frame.top + 8, frame.floor - 4));
  }

  return { element, draw };
}
