// How much of every layer is left, as words and as the length of a bar.

function densityPanel(data) {
  const whole = { short: "all layers", start: 0, size: data.size };
  const bars = [...data.layers, whole].map((layer) => {
    const [title, words] = [html("span", { class: "tkm-layer-name" }, layer.short), html("span")];
    const [full, fell] = [html("i", { class: "tkm-left" }), html("i", { class: "tkm-gone" })];
    const element = html("li", {}, html("p", {}, title, ": ", words), html("div", { class: "tkm-bar", "aria-hidden": "true" }, full, fell));
    return { layer, words, full, fell, element };
  });
  const element = html("section", { class: "tkm-density" }, html("div", { class: "tkm-head" }, html("h4", {}, "What is left")), html("ul", {}, ...bars.map((bar) => bar.element)));

  function draw(state) {
    bars.forEach(({ layer, words, full, fell, element: row }, i) => {
      words.textContent = state.here.density[i];
      full.style.width = `${(100 * leftOf(state, layer)) / layer.size}%`;
      fell.style.width = `${(100 * fellOf(state, layer)) / layer.size}%`;
      row.classList.toggle("tkm-here", i === state.number);
    });
  }
  return { element, draw };
}
