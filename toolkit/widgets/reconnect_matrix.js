// The weights of one layer: neurons in rows, their inputs in columns, a dot on each place that holds a moved value.

const DOTTED = 4; // pixels: in smaller cells a dot cannot be seen, and what has not moved is pale instead
const EDGE = { left: 40, top: 26, right: 8, bottom: 34 };

/** Every how many places a number stands beside `many` of them. */
const spacing = (many, most) => [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].find((every) => many / every <= most) ?? 4096;

/** Draw values row by row on a canvas of a size given in pixels of the page. */
function paintWeights(canvas, { rows, n, width, height, value, limit, pale = () => false }) {
  const small = html("canvas", { width: n, height: rows });
  const image = new ImageData(n, rows);
  for (let i = 0; i < rows * n; i++) {
    const strength = pale(i) ? 0.3 : 1;
    weightColour(value(i), limit).forEach((channel, c) => (image.data[4 * i + c] = 255 + strength * (channel - 255)));
    image.data[4 * i + 3] = 255;
  }
  small.getContext("2d").putImageData(image, 0, 0);
  const sharp = Math.max(1, window.devicePixelRatio || 1);
  fill(canvas, { width: Math.round(width * sharp), height: Math.round(height * sharp), style: `width: ${width}px; height: ${height}px` }, []);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = width < n || height < rows;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  return { context, x: canvas.width / n, y: canvas.height / rows };
}

/** A dot on each place that holds a moved value, dark on pale weights and white on strong ones. */
function dotWeights({ context, x, y }, { rows, n, value, limit, moved }) {
  const r = Math.max(1, 0.17 * Math.min(x, y));
  for (let i = 0; i < rows * n; i++) {
    if (!moved(i)) continue;
    context.fillStyle = Math.abs(value(i)) > 0.55 * limit ? "#ffffff" : "#212121";
    context.beginPath();
    context.arc(((i % n) + 0.5) * x, (Math.floor(i / n) + 0.5) * y, Math.min(r, 3 * (window.devicePixelRatio || 1)), 0, 7);
    context.fill();
  }
}

/** The panel; `look(place or null)` when a pointer is over a weight, `choose(row, column)` when one is picked. */
function weightsPanel(data, look, choose) {
  const canvas = html("canvas", { class: "tkr-ink" });
  const figure = svg("svg", { class: "tkr-over", "aria-hidden": "true" });
  const help = unique("tkr-help");
  const frame = html("div", { class: "tkr-matrix", tabindex: 0, role: "application", "aria-roledescription": "matrix of weights", "aria-describedby": help }, canvas, figure);
  const [name, note] = [html("h4"), html("span", { class: "tk-note" })];
  const caption = html("p", { class: "tkr-caption" });
  const key = html("p", { class: "tkr-key" });
  const how = html("p", { class: "tk-spoken", id: help }, "Arrow keys go from weight to weight, Home and End to the ends of the row, Page Up and Page Down eight rows on.");
  const element = html("section", { class: "tkr-matrix-panel" }, html("div", { class: "tkr-head" }, name, note), frame, caption, key, how);
  let now = null; // the layout, with the state drawn in it

  function numbers({ layer: { rows, n } }, { wide, tall, cx, cy }) {
    const text = (content, attributes) => svg("text", attributes, content);
    const at = (many, every) => Array.from({ length: Math.ceil(many / every) }, (_, i) => i * every);
    return [
      ...at(n, spacing(n, 9)).map((c) => text(c, { x: EDGE.left + (c + 0.5) * cx, y: EDGE.top + tall + 14, "text-anchor": "middle" })),
      ...at(rows, spacing(rows, 9)).map((r) => text(r, { x: EDGE.left - 6, y: EDGE.top + (r + 0.5) * cy + 4, "text-anchor": "end" })),
      text("column: input", { x: EDGE.left + wide / 2, y: EDGE.top + tall + 29, "text-anchor": "middle" }),
      text("row: neuron", { x: 9, y: EDGE.top + tall / 2, "text-anchor": "middle", transform: `rotate(-90 9 ${EDGE.top + tall / 2})` }),
    ];
  }

  /** Frame the place, and draw where its value began (ring) and where it ends (arrow). */
  function marks(route, shown) {
    const { cx, cy, wide } = now;
    const middle = (column) => EDGE.left + (column + 0.5) * cx;
    const y = EDGE.top + (route.row + 0.5) * cy;
    const size = Math.max(8, Math.min(cx, cy) + 2);
    const square = (column, className) => svg("rect", { class: className, x: middle(column) - size / 2, y: y - size / 2, width: size, height: size, rx: 1.5 });
    const row = svg("rect", { class: "tkr-row", x: EDGE.left - 1, y: EDGE.top + route.row * cy - 1, width: wide + 2, height: cy + 2 });
    return [row, square(route.column, shown ? "tkr-here tkr-hover" : "tkr-here"), ...arrowMarks(route, [middle(route.from), y], [middle(route.to), y], size, true)];
  }

  function overlay(route, hovered) {
    figure.replaceChildren(...now.ticks, ...marks(route, hovered));
    caption.textContent = `${routeWords(data, route)}.`;
  }

  function draw(state, width, dots) {
    const { layer, at, origins } = state;
    const wide = Math.max(120, width - EDGE.left - EDGE.right);
    const tall = Math.min(Math.max(220, Math.min(360, wide)), layer.rows * 26, layer.rows * Math.max(8, (wide / layer.n) * 2));
    const [cx, cy] = [wide / layer.n, tall / layer.rows];
    const value = (i) => layer.before[i - (i % layer.n) + origins[i]];
    const moved = (i) => origins[i] !== i % layer.n;
    const fine = Math.min(cx, cy) < DOTTED;
    const what = { rows: layer.rows, n: layer.n, width: wide, height: tall, value, limit: layer.limit, moved, pale: (i) => dots && fine && !moved(i) };
    const painted = paintWeights(canvas, what);
    if (dots && !fine) dotWeights(painted, what);
    now = { state, wide, tall, cx, cy };
    now.ticks = numbers(state, now);
    let count = 0;
    for (let i = 0; i < origins.length; i++) count += moved(i) ? 1 : 0;
    name.textContent = layer.name;
    note.textContent = `${countText(count)} of ${countText(origins.length)} moved`;
    fill(frame, { style: `height: ${EDGE.top + tall + EDGE.bottom}px`, "aria-label": `weights of ${layer.name}, ${layer.rows} rows of ${layer.n}, at ${placeText(data, at)}: ` +
      routeWords(data, routeOf(state, state.row, state.column)) }, []);
    fill(figure, { width: EDGE.left + wide + EDGE.right, height: EDGE.top + tall + EDGE.bottom }, []);
    const mark = fine ? "pale: not moved" : "dot: moved here";
    key.replaceChildren(html("span", {}, weightText(-layer.limit), html("i", { class: "tkr-scale" }), weightText(layer.limit)),
      ...(dots ? [html("span", {}, mark)] : []), html("span", {}, "○ began"), html("span", {}, "➤ ends, dashed: later"));
  }

  function under(event) {
    const box = frame.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - EDGE.left) / now.cx);
    const row = Math.floor((event.clientY - box.top - EDGE.top) / now.cy);
    const { rows, n } = now.state.layer;
    return row >= 0 && row < rows && column >= 0 && column < n ? { row, column } : null;
  }

  frame.addEventListener("pointermove", (event) => look(under(event)));
  frame.addEventListener("pointerleave", () => look(null));
  frame.addEventListener("click", (event) => {
    const place = under(event);
    if (place) choose(place.row, place.column);
  });
  frame.addEventListener("keydown", (event) => {
    const { row, column, layer: { rows, n } } = now.state;
    const goals = { ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
      Home: [row, 0], End: [row, n - 1], PageUp: [row - 8, column], PageDown: [row + 8, column] };
    if (!(event.key in goals) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    look(null); // keys take over from a pointer that rests here
    const [r, c] = goals[event.key];
    choose(Math.min(rows - 1, Math.max(0, r)), Math.min(n - 1, Math.max(0, c)));
  });
  return { element, draw, overlay, tall: () => now.tall + EDGE.top + EDGE.bottom + 72 };
}

/** A ring where a value began, and an arrow to where it ends; in a row the arrow bends, so that it can be seen. */
function arrowMarks(route, [x1, y1], [x2, y2], size, bent) {
  if (route.from === route.to) return [];
  const way = route.moved ? "tkr-gone" : "tkr-coming";
  const up = bent ? Math.min(24, 8 + 0.12 * Math.abs(x2 - x1), Math.max(6, y1 - 4)) : 0;
  const control = [(x1 + x2) / 2, (y1 + y2) / 2 - 2 * up];
  const angle = Math.atan2(y2 - control[1], x2 - control[0]);
  const wing = (turn) => `${x2 - 9 * Math.cos(angle + turn)} ${y2 - 9 * Math.sin(angle + turn)}`;
  const path = `M${x1} ${y1}Q${control.join(" ")} ${x2} ${y2}`;
  return [svg("path", { class: "tkr-halo", d: path }), svg("path", { class: `tkr-way ${way}`, d: path }),
    svg("circle", { class: "tkr-from", cx: x1, cy: y1, r: Math.max(4, Math.min(size / 2, 7)) }), svg("path", { class: "tkr-tip", d: `M${x2} ${y2}L${wing(0.45)}L${wing(-0.45)}Z` })];
}
