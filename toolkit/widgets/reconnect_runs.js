// Cached runs: how accurate the free weights are before a synchronisation, and what it leaves of that, for one k.

/** The words of reconnect_words.py about the runs with the k number `i`. */
function runsWords(runs, i) {
  const [free, synced] = [runs.before[i].at(-1), runs.after[i].at(-1)];
  const points = 100 * (free - synced);
  const size = `${Math.abs(points).toFixed(1)} points`;
  const change = size === "0.0 points" ? "costs nothing" : points > 0 ? `costs ${size}` : `gains ${size}`;
  return `Trained with k = ${runs.period[i]}, the free weights end at ${percentText(free)}, the synchronised ones at ${percentText(synced)}: the last synchronisation ${change}.`;
}

function runsPanel(data, choose) {
  const { runs } = data;
  const figure = svg("svg", { class: "tkr-chart tkr-runs-chart", "aria-hidden": "true" });
  const id = unique("tkr-k");
  const last = runs.period.length - 1;
  const input = html("input", { type: "range", class: "tk-range", id, min: 0, max: Math.max(1, last), step: 1, "aria-label": "Period k, free steps between two synchronisations" });
  input.disabled = last === 0; // one run only: nothing to move
  input.addEventListener("input", () => choose(runs.period[Math.min(last, input.valueAsNumber)]));
  const [shown, words] = [html("b"), html("p", { class: "tk-readout tkr-verdict" })];
  const scale = html("div", { class: "tk-stops", "aria-hidden": "true" }, ...runs.period.map((k, i) => html("span", { style: `--at: ${last ? i / last : 0}` }, k)));
  const legend = html("p", { class: "tkr-key" }, html("span", {}, html("i", { class: "tkr-free" }), "free weights, before a synchronisation"),
    html("span", {}, html("i", { class: "tkr-synced" }), "synchronised, after it"), html("span", {}, html("i", { class: "tkr-other" }), "synchronised, other k"),
    html("span", {}, "shaded: what each synchronisation costs"));
  const element = html("section", { class: "tkr-runs" }, html("div", { class: "tkr-head" }, html("h4", {}, "Runs with another period"), html("span", { class: "tk-note" }, "means over seeds")),
    html("div", { class: "tk-slider" }, html("label", { for: id }, "Period ", shown), input, scale), figure, legend, words);
  const frame = { left: 46, right: 14, top: 8, bottom: 30, height: 200 };

  function draw({ k }, width) {
    const [low, high] = runs.range;
    const epochs = runs.epoch;
    const [first, end] = [epochs[0], epochs.at(-1)];
    const floor = frame.height - frame.bottom;
    const x = (e) => frame.left + (end > first ? (e - first) / (end - first) : 0.5) * (width - frame.left - frame.right);
    const y = (v) => floor - ((v - low) / (high - low)) * (floor - frame.top);
    const points = (values) => Array.from(values, (v, i) => `${x(epochs[i]).toFixed(2)} ${y(v).toFixed(2)}`);
    const path = (values) => `M${points(values).join("L")}`;
    const rules = ticks(low, high, 4).map((v) => levelRule("tkr-rule", [frame.left, width - frame.right], y(v), `${+(100 * v).toFixed(1)} %`));
    const below = (end > first ? ticks(first, end, 5) : [first]).map((e) => svg("text", { x: x(e), y: floor + 14, "text-anchor": "middle" }, +e.toFixed(2)));
    const others = runs.after.map((curve, i) => (i === k ? null : svg("path", { class: "tkr-ghost", d: path(curve) }))).filter(Boolean);
    const gap = svg("path", { class: "tkr-gap", d: `M${[...points(runs.before[k]), ...points(runs.after[k]).reverse()].join("L")}Z` });
    fill(figure, { width, height: frame.height }, []);
    figure.replaceChildren(...rules, ...below, svg("text", { x: (frame.left + width - frame.right) / 2, y: frame.height - 2, "text-anchor": "middle" }, "epoch"),
      ...others, gap, svg("path", { class: "tkr-line-free", d: path(runs.before[k]) }), svg("path", { class: "tkr-line-synced", d: path(runs.after[k]) }));
    input.value = k;
    input.setAttribute("aria-valuetext", `k = ${runs.period[k]}`);
    shown.textContent = `k = ${runs.period[k]}`;
    words.textContent = runsWords(runs, k);
    [...scale.children].forEach((node, i) => node.classList.toggle("tk-here", i === k));
  }
  return { element, draw };
}
