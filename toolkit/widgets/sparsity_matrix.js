// The mask of one layer: neurons in rows, their inputs in columns; and how many neurons still look at each pixel.

const ALIVE = [33, 33, 33];
const PRUNED = [240, 240, 240];
const FELL = [199, 119, 0]; // drawn as a ring where there is room, so that it is not told by its colour alone
const RING = 4; // pixels: in smaller cells a ring cannot be seen, and the whole cell has its colour
const MARGIN = { left: 36, top: 4, right: 2, bottom: 34 };

const rgb = (colour) => `rgb(${colour.join(", ")})`;
const every = (many, most) => [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].find((step) => many / step <= most) ?? 8192;

/** Height of a layer's picture: square cells where there is room for them. */
function heightOf({ rows, n }, wide) {
  return Math.round(Math.min(Math.max(rows * Math.min(wide / n, 24), Math.min(rows * 14, 160)), 250));
}

/** One pixel a weight, in a canvas of its own. */
function tinyMask({ layer: { rows, n }, lived, at }) {
  const small = html("canvas", { width: n, height: rows });
  const image = new ImageData(n, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const [alive, fell, pruned] = [ALIVE, FELL, PRUNED].map(([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
  for (let i = 0; i < lived.length; i++) pixels[i] = lived[i] >= at ? alive : lived[i] === at - 1 ? fell : pruned;
  small.getContext("2d").putImageData(image, 0, 0);
  return small;
}

/** Draw a mask on a canvas of a size given in pixels of the page. */
function paintMask(canvas, state, wide, tall) {
  const { layer: { rows, n }, lived, at } = state;
  const sharp = Math.max(1, window.devicePixelRatio || 1);
  fill(canvas, { width: Math.round(wide * sharp), height: Math.round(tall * sharp), style: `width: ${wide}px; height: ${tall}px` }, []);
  const context = canvas.getContext("2d");
  const [cx, cy] = [canvas.width / n, canvas.height / rows];
  if (Math.min(cx, cy) < RING * sharp) {
    context.imageSmoothingEnabled = Math.min(cx, cy) < 1;
    context.drawImage(tinyMask(state), 0, 0, canvas.width, canvas.height);
    return;
  }
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const gap = Math.round(sharp);
  const line = Math.max(1, Math.round(0.28 * Math.min(cx, cy)));
  for (let i = 0; i < lived.length; i++) {
    const [row, column] = [Math.floor(i / n), i % n];
    const [x, y] = [Math.round(column * cx), Math.round(row * cy)];
    const [w, h] = [Math.round((column + 1) * cx) - x - gap, Math.round((row + 1) * cy) - y - gap];
    const fell = lived[i] === at - 1;
    context.fillStyle = rgb(lived[i] >= at ? ALIVE : fell ? FELL : PRUNED);
    context.fillRect(x, y, w, h);
    context.fillStyle = rgb(PRUNED);
    if (fell && Math.min(w, h) > 2 * line) context.fillRect(x + line, y + line, w - 2 * line, h - 2 * line);
  }
}

/** The panel of the mask. */
function maskPanel(data) {
  const canvas = html("canvas", { class: "tkm-ink", role: "img" });
  const figure = svg("svg", { class: "tkm-over", "aria-hidden": "true" });
  const frame = html("div", { class: "tkm-mask" }, canvas, figure);
  const [name, note] = [html("h4"), html("span", { class: "tk-note" })];
  const key = html("p", { class: "tkm-key" });
  const element = html("section", {}, html("div", { class: "tkm-head" }, name, note), frame, key);

  function numbers({ layer: { rows, n, side } }, wide, tall) {
    const at = (many, most) => Array.from({ length: Math.ceil(many / every(many, most)) }, (_, i) => i * every(many, most));
    const text = (content, attributes) => svg("text", attributes, content);
    return [
      ...at(n, 9).map((c) => text(c, { x: MARGIN.left + ((c + 0.5) * wide) / n, y: MARGIN.top + tall + 14, "text-anchor": "middle" })),
      ...at(rows, 9).map((r) => text(r, { x: MARGIN.left - 6, y: MARGIN.top + ((r + 0.5) * tall) / rows + 4, "text-anchor": "end" })),
      text(side ? "column: pixel" : "column: input", { x: MARGIN.left + wide / 2, y: MARGIN.top + tall + 29, "text-anchor": "middle" }),
      text("row: neuron", { x: 9, y: MARGIN.top + tall / 2, "text-anchor": "middle", transform: `rotate(-90 9 ${MARGIN.top + tall / 2})` }),
    ];
  }

  function draw(state, width) {
    const { layer, at, number, here } = state;
    const wide = Math.max(120, width - MARGIN.left - MARGIN.right);
    const tall = heightOf(layer, wide);
    const room = Math.max(...data.layers.map((one) => heightOf(one, wide))); // as much for every layer: nothing jumps
    paintMask(canvas, state, wide, tall);
    canvas.setAttribute("aria-label", `mask of ${layer.name} in round ${at}, ${layer.rows} neurons with ${layer.n} inputs: ${here.density[number]}; ${here.fell[number]}`);
    frame.style.height = `${MARGIN.top + tall + MARGIN.bottom}px`;
    element.style.paddingBottom = `${room - tall}px`;
    fill(figure, { width: MARGIN.left + wide + MARGIN.right, height: MARGIN.top + tall + MARGIN.bottom }, []);
    figure.replaceChildren(...numbers(state, wide, tall));
    name.textContent = `Mask of ${layer.title}`;
    note.textContent = `${layer.rows} × ${layer.n}`;
    const [left, fell] = [leftOf(state, layer), fellOf(state, layer)];
    const kinds = [["alive", left, "alive"], ["fell", fell, "fell in this round"], ["pruned", layer.size - left - fell, "pruned before"]];
    key.replaceChildren(...kinds.map(([kind, many, words]) => html("span", {}, html("i", { class: `tkm-${kind}` }), `${words}: ${countText(many)}`)));
  }
  return { element, draw };
}

/** How many neurons of the first layer still look at each pixel, for layers that look at an image. */
function pixelPanel(data) {
  if (!data.layers[0].side) return null;
  const { side, n, rows } = data.layers[0];
  const cell = Math.max(2, Math.floor(176 / side));
  const figure = svg("svg", { class: "tkm-pixels", role: "img", width: side * cell, height: side * cell });
  const numbered = cell >= 18;
  const deepest = numbered ? 0.38 : 0.9; // pale enough for a number to be read on it
  const caption = html("p", { class: "tk-caption" });
  const element = html("section", { class: "tkm-pixel-panel" }, html("h4", {}, "Pixels still looked at"), figure, caption);

  function draw({ layer, lived, at }) {
    element.classList.toggle("tkm-away", layer !== data.layers[0]); // keeps its room
    if (layer !== data.layers[0]) return;
    const looking = new Array(n).fill(0);
    for (let i = 0; i < lived.length; i++) if (lived[i] >= at) looking[i % n] += 1;
    const [least, most] = [Math.min(...looking), Math.max(...looking)];
    figure.replaceChildren(...looking.map((many, i) => {
      const [x, y] = [(i % side) * cell, Math.floor(i / side) * cell];
      const shade = svg("rect", { x, y, width: cell - 1, height: cell - 1, style: `fill-opacity: ${0.04 + deepest * (many / rows)}` });
      if (!numbered) return shade;
      return svg("g", {}, shade, svg("text", { x: x + (cell - 1) / 2, y: y + cell / 2 + 3.5, "text-anchor": "middle" }, many));
    }));
    const words = `neurons that still look at each pixel, of ${rows}: ${least === most ? least : `from ${least} to ${most}`}`;
    figure.setAttribute("aria-label", words);
    caption.textContent = `${words[0].toUpperCase()}${words.slice(1)}.`;
  }
  return { element, draw };
}
