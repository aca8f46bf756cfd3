// One neuron: its incoming weights before, now and after, as images where they look at one, and the same row sorted.

const TURNS = [["before", "start"], ["now", "now"], ["after", "trained"]];

/** Three pictures of a row; `look(place or null)` and `choose(row, column)` for the one of now. */
function neuronPanel(data, look, choose) {
  const tiles = TURNS.map(([name, label]) => {
    const canvas = html("canvas", { class: "tkr-ink" });
    const figure = svg("svg", { class: "tkr-over", "aria-hidden": "true" });
    const box = html("div", { class: `tkr-tile tkr-${name}` }, canvas, figure);
    return { name, canvas, figure, box, element: html("div", {}, box, html("small", {}, label)) };
  });
  const pictures = html("div", { class: "tkr-tiles", role: "img" }, ...tiles.map(({ element }) => element));
  const [name, note] = [html("h4"), html("span", { class: "tk-note" })];
  const element = html("section", { class: "tkr-neuron" }, html("div", { class: "tkr-head" }, name, note), pictures);
  const middle = tiles[1];
  let now = null;

  function draw(state, width) {
    const { layer, row, origins } = state;
    const [rows, n] = layer.image ?? [1, layer.n];
    const wide = layer.image ? Math.min(150, Math.floor((width - 24) / 3)) : width;
    const tall = layer.image ? wide : 26;
    pictures.classList.toggle("tkr-strips", !layer.image);
    const start = row * layer.n;
    const end = new Float32Array(layer.n);
    for (let c = 0; c < layer.n; c++) end[layer.to[start + c]] = layer.before[start + c];
    const values = [(c) => layer.before[start + c], (c) => layer.before[start + origins[start + c]], (c) => end[c]];
    tiles.forEach(({ canvas, figure }, turn) => {
      paintWeights(canvas, { rows, n, width: wide, height: tall, value: values[turn], limit: layer.limit });
      fill(figure, { width: wide, height: tall }, []);
    });
    now = { rows, n, x: wide / n, y: tall / rows, state };
    let [moved, moving] = [0, 0];
    for (let c = 0; c < layer.n; c++) {
      moved += origins[start + c] === c ? 0 : 1;
      moving += layer.step[start + c] === NEVER ? 0 : 1;
    }
    name.textContent = `Neuron ${row} of ${layer.name}`;
    note.textContent = `${moved} of ${moving} moved`;
    pictures.setAttribute("aria-label", `incoming weights of neuron ${row}, ${layer.image ? `as images of ${rows} by ${n}` : "as strips"}: at the start, now and trained; ${note.textContent}`);
  }

  /** Mark the place of a weight in this row, and where its value came from and goes. */
  function overlay(route) {
    const here = route.row === now.state.row;
    const centre = (column) => [((column % now.n) + 0.5) * now.x, (Math.floor(column / now.n) + 0.5) * now.y];
    const frame = (column) => svg("rect", { class: "tkr-here", x: (column % now.n) * now.x, y: Math.floor(column / now.n) * now.y, width: now.x, height: now.y });
    const places = here ? [[frame(route.from)], [frame(route.column), ...arrowMarks(route, centre(route.from), centre(route.to), Math.min(now.x, now.y), false)], [frame(route.to)]] : [[], [], []];
    tiles.forEach(({ figure }, turn) => figure.replaceChildren(...places[turn]));
  }

  function under(event) {
    const box = middle.box.getBoundingClientRect();
    const [c, r] = [Math.floor((event.clientX - box.left) / now.x), Math.floor((event.clientY - box.top) / now.y)];
    return c >= 0 && c < now.n && r >= 0 && r < now.rows ? { row: now.state.row, column: r * now.n + c } : null;
  }
  middle.box.addEventListener("pointermove", (event) => look(under(event)));
  middle.box.addEventListener("pointerleave", () => look(null));
  middle.box.addEventListener("click", (event) => {
    const place = under(event);
    if (place) choose(place.row, place.column);
  });
  return { element, draw, overlay };
}

/** The row sorted, at the start as a broad band and now as a line on it: they cannot part. */
function profilePanel() {
  const figure = svg("svg", { class: "tkr-chart", "aria-hidden": "true" });
  const [name, words] = [html("h4"), html("p", { class: "tk-caption" })];
  const element = html("section", { class: "tkr-profile" }, html("div", { class: "tkr-head" }, name), figure, words);
  const frame = { left: 46, right: 10, top: 8, bottom: 20, height: 130 };
  let now = null;

  function draw({ layer, row, origins }, width) {
    const start = row * layer.n;
    const first = layer.before.slice(start, start + layer.n).sort();
    const current = Float32Array.from({ length: layer.n }, (_, c) => layer.before[start + origins[start + c]]).sort();
    const [low, high] = [Math.min(0, first[0]), Math.max(0, first[first.length - 1])];
    const x = (i) => frame.left + (layer.n > 1 ? i / (layer.n - 1) : 0.5) * (width - frame.left - frame.right);
    const y = (v) => frame.top + ((high - v) / (high - low || 1)) * (frame.height - frame.top - frame.bottom);
    const path = (values) => `M${Array.from(values, (v, i) => `${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("L")}`;
    const apart = current.reduce((most, v, i) => Math.max(most, Math.abs(v - first[i])), 0);
    now = { first, x, y };
    name.textContent = `Row ${row}, sorted`;
    words.textContent = `The same at every position: the ${layer.n} values only change places. ` +
      `Largest difference from the start's profile: ${weightText(apart)}.`;
    fill(figure, { width, height: frame.height }, []);
    const rules = [low, 0, high].filter((v, i, all) => all.indexOf(v) === i).map((v) => svg("g", { class: "tkr-rule" }, svg("line", { x1: frame.left, x2: width - frame.right, y1: y(v), y2: y(v) }),
      svg("text", { x: frame.left - 6, y: y(v) + 4, "text-anchor": "end" }, weightText(v))));
    const ends = [["smallest", x(0), "start"], ["largest", width - frame.right, "end"]].map(([text, at, anchor]) => svg("text", { x: at, y: frame.height - 5, "text-anchor": anchor }, text));
    now.ground = [...rules, svg("path", { class: "tkr-band", d: path(first) }), svg("path", { class: "tkr-line", d: path(current) }), ...ends];
  }

  /** Mark the rank of the value in view. */
  function overlay(route, row) {
    const rank = now.first.indexOf(route.value);
    const mark = route.row === row && rank >= 0 ? [svg("circle", { class: "tkr-spot", cx: now.x(rank), cy: now.y(route.value), r: 5 })] : [];
    figure.replaceChildren(...now.ground, ...mark);
  }
  return { element, draw, overlay };
}
