// Estimate against exact, weight by weight, on symmetric logarithmic axes. The frame stays the same, so that the cloud is seen to close in.

const CLOUD = { left: 58, right: 12, top: 12, bottom: 38 };
const DIGIT = 6.4; // width of a letter of a number below or beside the axes, in pixels

function probeScatter(data) {
  const figure = svg("svg", { class: "tkh-chart tkh-scatter", role: "img" });
  const title = html("h4");
  const element = html("section", {}, html("div", { class: "tkh-head" }, title),
    figure, html("p", { class: "tk-caption" }, `On the dashed line the estimate is exact; ${data.scale}. ${data.caption}`));

  /** Letters of the longest number beside an axis. */
  const longest = (low, high) => Math.max(...powers(low, high, data.power).map(({ text }) => text.length));

  function draw({ at }, width, height) {
    const [left, right, low, high] = data.frame;
    const start = Math.max(CLOUD.left, 12 + DIGIT * longest(low, high));
    const [wide, tall] = [width - start - CLOUD.right, height - CLOUD.top - CLOUD.bottom];
    const place = (v) => scaled(v, data.power);
    const [first, top] = [place(left), place(high)];
    const [across, up] = [place(right) - first, top - place(low)];
    const x = (v) => start + ((place(v) - first) / across) * wide;
    const y = (v) => CLOUD.top + ((top - place(v)) / up) * tall;
    const floor = CLOUD.top + tall;
    const parts = { inside: [], above: [], below: [] };
    data.estimates[at].forEach((v, i) => {
      const px = x(data.exact[i]).toFixed(1);
      if (v > high) parts.above.push(`M${px} ${CLOUD.top - 6}l3 5h-6Z`);
      else if (v < low) parts.below.push(`M${px} ${floor + 6}l3 -5h-6Z`);
      else parts.inside.push(svg("circle", { cx: px, cy: y(v).toFixed(1), r: 2.4 })); // one by one: where they overlap it is darker
    });
    const beside = powers(low, high, data.power, (15 * up) / tall).map(({ value, text }) => levelRule("tkh-rule", [start, start + wide], y(value), text));
    const room = 8 + DIGIT * longest(left, right);
    const below = powers(left, right, data.power, (room * across) / wide).map(({ value, text }) => svg("g", { class: "tkh-rule" },
      svg("line", { x1: x(value), x2: x(value), y1: CLOUD.top, y2: floor }),
      svg("text", { x: Math.min(x(value), width - (DIGIT * text.length) / 2), y: floor + 17, "text-anchor": "middle" }, text)));
    const probes = data.axes.probes.spoken[at];
    title.textContent = `Estimate from ${probes}`;
    fill(figure, { width, height, "aria-label": `scatter of the diagonal estimated from ${probes} against the exact one; ${data.scale}` }, []);
    figure.replaceChildren(...beside, ...below, svg("text", { x: start + wide, y: floor + 34, "text-anchor": "end" }, "exact entry of the diagonal"),
      svg("g", { class: "tkh-points" }, ...parts.inside), svg("path", { class: "tkh-beyond", d: [...parts.above, ...parts.below].join("") }),
      svg("line", { class: "tkh-equal", x1: x(left), y1: y(left), x2: x(right), y2: y(right) }));
  }
  return { element, draw };
}
