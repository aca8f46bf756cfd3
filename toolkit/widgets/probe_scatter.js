// Estimate against exact, weight by weight. The frame stays the same, so that the cloud is seen to close in.

const CLOUD = { left: 58, right: 12, top: 12, bottom: 38 };

/** A small number for an axis: as few digits as tell the ticks apart. */
function tickText(v) {
  return String(+v.toPrecision(6)).replace("-", "−");
}

function probeScatter(data) {
  const figure = svg("svg", { class: "tkh-chart tkh-scatter", role: "img" });
  const title = html("h4");
  const element = html("section", {}, html("div", { class: "tkh-head" }, title),
    figure, html("p", { class: "tk-caption" }, `On the dashed line the estimate is exact. ${data.caption}`));

  function draw({ at }, width, height) {
    const [left, right, low, high] = data.frame;
    const [wide, tall] = [width - CLOUD.left - CLOUD.right, height - CLOUD.top - CLOUD.bottom];
    const x = (v) => CLOUD.left + ((v - left) / (right - left)) * wide;
    const y = (v) => CLOUD.top + ((high - v) / (high - low)) * tall;
    const floor = CLOUD.top + tall;
    const parts = { inside: [], above: [], below: [] };
    data.estimates[at].forEach((v, i) => {
      const px = x(data.exact[i]).toFixed(1);
      if (v > high) parts.above.push(`M${px} ${CLOUD.top - 6}l3 5h-6Z`);
      else if (v < low) parts.below.push(`M${px} ${floor + 6}l3 -5h-6Z`);
      else parts.inside.push(`M${px} ${y(v).toFixed(1)}h0`);
    });
    const beside = ticks(low, high, 5).map((v) => levelRule("tkh-rule", [CLOUD.left, CLOUD.left + wide], y(v), tickText(v)));
    const below = ticks(left, right, 3).map((v) => svg("text", { x: x(v), y: floor + 19, "text-anchor": "middle" }, tickText(v)));
    const probes = data.axes.probes.spoken[at];
    title.textContent = `Estimate from ${probes}`;
    fill(figure, { width, height, "aria-label": `scatter of the diagonal estimated from ${probes} against the exact one` }, []);
    figure.replaceChildren(...beside, ...below, svg("text", { x: CLOUD.left + wide, y: floor + 34, "text-anchor": "end" }, "exact entry of the diagonal"),
      svg("path", { class: "tkh-points", d: parts.inside.join("") }), svg("path", { class: "tkh-beyond", d: [...parts.above, ...parts.below].join("") }),
      svg("line", { class: "tkh-equal", x1: x(left), y1: y(left), x2: x(right), y2: y(right) }));
  }
  return { element, draw };
}
