// A slider that stops only where something was measured, and says its value in words.

/** A native range input over the values of one axis; `choose(index)` when it moves. */
function gridSlider(data, axis, choose) {
  const { name, symbol, short, spoken, values } = data.axes[axis];
  const last = values.length - 1;
  const id = unique("tkl-slider");
  const input = html("input", { type: "range", id, min: 0, max: Math.max(1, last), step: 1, class: "tk-range tk-disc", "aria-label": `${name} ${symbol}` });
  input.disabled = last === 0; // one value only: nothing to move
  input.addEventListener("input", () => choose(Math.min(last, input.valueAsNumber)));
  const [now, words] = [html("b"), html("span", { class: "tkl-words" })];
  const scale = html("div", { class: "tk-stops", "aria-hidden": "true" }, ...short.map((text, i) => html("span", { style: `--at: ${last ? i / last : 0}` }, text)));
  const element = html("div", { class: "tk-slider tkl-slider" }, html("label", { for: id }, `${name} `, now), words, input, scale);
  const draw = (state) => {
    const at = state.place[axis];
    input.value = at;
    input.setAttribute("aria-valuetext", spoken[at]);
    now.textContent = `${symbol} = ${short[at]}`;
    words.textContent = spoken[at];
    [...scale.children].forEach((node, i) => node.classList.toggle("tk-here", i === at));
  };
  return { element, draw };
}
