// What the learner can press and type: three weights, the corners and the middle, and which point they mean.

/** New weights after a key, or undefined. Arrows step towards a corner; with Shift the steps are small. */
function afterKey(event, weights, n) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const step = event.shiftKey ? 0.01 : 1 / n;
  const towards = { ArrowLeft: 0, ArrowRight: 1, ArrowUp: 2 }[event.key];
  if (towards !== undefined) return withWeight(weights, towards, weights[towards] + step);
  if (event.key === "ArrowDown") return withWeight(weights, 2, weights[2] - step);
  const corner = ["1", "2", "3"].indexOf(event.key);
  if (corner >= 0) return [0, 1, 2].map((c) => Number(c === corner));
  return event.key === "Home" ? MIDDLE : undefined;
}

/** Buttons for the corners and the middle. */
function placeButtons(go) {
  const button = (className, text, label, weights) => pressable(className, text, () => go(weights), label);
  const corners = [0, 1, 2].map((c) => button(`tks-go-${c + 1}`, String(c + 1), `go to ${CORNERS[c]}`, [0, 1, 2].map((d) => Number(c === d))));
  return html("div", { class: "tk-controls tks-controls" }, html("span", {}, "Go to"), ...corners, button("tks-go-middle", "middle", "go to the middle", MIDDLE));
}

/** Three number inputs; setting one rescales the others. */
function weightInputs(change) {
  const inputs = CORNERS.map((name, corner) => {
    const input = html("input", { type: "number", min: 0, max: 1, step: 0.05, "aria-label": `weight of ${name}` });
    input.addEventListener("change", () => change(corner, input.valueAsNumber));
    return input;
  });
  const words = html("span", { class: "tks-sum" });
  const labels = inputs.map((input, c) => html("label", {}, html("i", { class: `tks-mark-${c + 1}`, "aria-hidden": "true" }, "●■▲"[c]), input));
  const element = html("div", { class: "tks-weights" }, words, ...labels);
  const show = (weights, name) => {
    words.textContent = `${name}:`;
    inputs.forEach((input, c) => (input.value = +weights[c].toFixed(3)));
  };
  return { element, show };
}
