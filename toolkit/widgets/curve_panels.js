// The two panels beside the charts: what the network reads, and what its first layer looks like, at this t.

/** Test images with the prediction at the nearest measured point under each. */
function digitStrip(data) {
  const { height, width, channels } = data.images;
  const size = height * width;
  const note = html("span", { class: "tk-note" });
  const grid = html("ol", { class: "tk-digits" });
  const tiles = data.images.labels.map((label, i) => {
    const at = (channel, pixel) => data.images.pixels[(i * channels + channel) * size + pixel];
    const ink = (pixel) => (channels === 3 ? [0, 1, 2].map((c) => at(c, pixel)) : Array(3).fill(255 - at(0, pixel)));
    const picture = html("img", { src: bitmap(width, height, ink), alt: `image of ${data.classes[label]}`, draggable: "false" });
    const [answer, truth] = [html("strong"), html("small")];
    const tile = html("li", {}, html("span", { class: channels === 3 ? "tk-photo" : "tk-ink" }, picture), answer, truth);
    grid.append(tile);
    return { tile, answer, truth, label, shown: null };
  });

  function move(t, variant) {
    const point = nearest(data.t, t);
    let wrong = 0;
    tiles.forEach((entry, i) => {
      const said = variant.predictions[point * tiles.length + i];
      if (said !== entry.label) wrong += 1;
      if (said === entry.shown) return;
      entry.shown = said;
      const right = said === entry.label;
      entry.tile.className = right ? "tk-right" : "tk-wrong";
      entry.answer.textContent = `${right ? "" : "✗ "}${data.classes[said]}`;
      entry.truth.textContent = right ? "right" : `not ${data.classes[entry.label]}`;
    });
    note.textContent = `${wrong} of these ${tiles.length} wrong`;
  }

  const title = html("div", { class: "tk-head" }, html("h4", {}, "What the network reads"), note);
  const element = html("section", {}, title, grid,
    html("p", { class: "tk-caption" }, `The first ${tiles.length} of ${data.total} test images; those misread anywhere on the path come first.`));
  return { element, move };
}

const NEGATIVE = [140, 81, 10]; // brown, white, teal: none of them means a network or the barrier
const POSITIVE = [1, 102, 94];

function diverging(value) {
  const end = value < 0 ? NEGATIVE : POSITIVE;
  const weight = Math.min(1, Math.abs(value) / 127);
  return end.map((channel) => Math.round(255 + weight * (channel - 255)));
}

/** First-layer weights as small pictures, interpolated between the points at which they were recorded. */
function filterStrip(data) {
  const { count, height, width, knots } = data.filters;
  const size = height * width;
  const key = html("span", { class: "tk-note tk-key" }, "−", html("i", { class: "tk-scale" }), "+");
  const grid = html("div", { class: "tk-filters", role: "img", "aria-label": `${count} filters of the first layer` });
  const pictures = Array.from({ length: count }, () => html("img", { alt: "", decoding: "sync", draggable: "false" }));
  grid.append(...pictures.map((picture) => html("span", { class: "tk-ink" }, picture)));

  function move(t, variant) {
    const { index, fraction } = locate(knots, t);
    const [before, after] = [index * count * size, (index + 1) * count * size];
    pictures.forEach((picture, i) => {
      const colour = (pixel) => {
        const at = i * size + pixel;
        return diverging((1 - fraction) * variant.filters[before + at] + fraction * variant.filters[after + at]);
      };
      picture.src = bitmap(width, height, colour);
    });
  }

  const title = html("div", { class: "tk-head" }, html("h4", {}, "First-layer filters"), key);
  const caption = html("p", { class: "tk-caption" }, `The ${count} with the largest weights, in the order of the layer.`);
  return { element: html("section", {}, title, grid, caption), move };
}
