// The correlations of one layer: A's units in rows, in columns the units of B in their present order.

const packed = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0; // as a canvas stores it
const BROWN = [140, 81, 10]; // for -1, through white for 0 to
const TEAL = [1, 102, 94]; // for +1
const GREY = packed([189, 189, 189]); // dead
const SHADES = Uint32Array.from({ length: 1025 }, (_, step) => {
  const value = step / 512 - 1;
  return packed((value < 0 ? BROWN : TEAL).map((channel) => Math.round(255 + Math.abs(value) * (channel - 255))));
});

/** The colour of a value from -1 to 1. */
function signed(value) {
  return SHADES[Math.round(512 * (Math.min(1, Math.max(-1, value)) + 1))];
}

/** A picture of any size as a data URI; `colour(i)` gives pixel i, row by row from the top. */
function painted(width, height, colour) {
  const canvas = html("canvas", { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colour(i);
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** The panel; draw(state, width, widest, picked) lays it out, at most `widest` pixels wide. Clicks on columns go to `choose(place)`. */
function matrixPanel(data, choose) {
  const heat = svg("image", { class: "tkp-heat", preserveAspectRatio: "none" });
  const figure = svg("svg", { class: "tkp-matrix", role: "img" });
  const [name, score] = [html("h4"), html("span", { class: "tkp-score" })];
  const caption = html("p", { class: "tkp-caption" });
  const key = html("p", { class: "tkp-key" });
  const element = html("section", { class: "tkp-matrix-panel" }, html("div", { class: "tkp-head" }, name, score), figure, caption, key);
  const EDGE = { left: 40, top: 20, bottom: 34 };
  let now = null;
  let words = "";

  function heatMap({ shown, perms }) {
    const [group, perm] = [data.groups[shown], perms[shown]];
    const [deadA, deadB] = group.dead;
    return painted(group.size, group.size, (at) => {
      const i = Math.floor(at / group.size);
      const unit = perm[at % group.size];
      return deadA.has(i) || deadB.has(unit) ? GREY : signed(correlation(group, i, unit));
    });
  }

  /** The outline of the cells on the diagonal. */
  function diagonal({ n, cell, x, y }) {
    if (cell < 4) return svg("path", { class: "tkp-diagonal tkp-thin", d: `M${x(0)} ${y(0)}L${x(n)} ${y(n)}` });
    const cells = Array.from({ length: n }, (_, i) => `M${x(i)} ${y(i)}h${cell}v${cell}h${-cell}Z`);
    return svg("path", { class: "tkp-diagonal", d: cells.join("") });
  }

  function grid({ n, cell, x, y }) {
    if (cell < 4) return svg("path");
    const inner = Array.from({ length: n - 1 }, (_, i) => i + 1);
    return svg("path", { class: "tkp-grid", d: inner.map((i) => `M${x(i)} ${y(0)}V${y(n)}M${x(0)} ${y(i)}H${x(n)}`).join("") });
  }

  /** A frame around a column, with its place above it. */
  function column({ n, cell, x, y }, place, name) {
    const middle = x(place) + cell / 2;
    const arrow = `M${middle - 4} ${y(0) - 7}h8l-4 6Z`;
    return svg("g", { class: `tkp-column ${name}` },
      svg("rect", { x: x(place) - 1, y: y(0) - 1, width: cell + 2, height: n * cell + 2, rx: 1.5 }), svg("path", { d: arrow }),
      svg("text", { x: middle, y: y(0) - 9, "text-anchor": "middle" }, place));
  }

  function axes({ n, cell, x, y, side }) {
    const every = [1, 2, 4, 8, 16, 32, 64, 128].find((step) => n / step <= 9) ?? 256;
    const places = Array.from({ length: Math.ceil(n / every) }, (_, i) => i * every);
    const text = (content, attributes) => svg("text", { class: "tkp-tick", ...attributes }, content);
    const middle = y(0) + side / 2;
    return [
      ...places.map((p) => text(p, { x: EDGE.left - 5, y: y(p) + cell / 2 + 4, "text-anchor": "end" })),
      ...places.map((p) => text(p, { x: x(p) + cell / 2, y: y(n) + 14, "text-anchor": "middle" })),
      text("units of A", { x: 9, y: middle, "text-anchor": "middle", transform: `rotate(-90 9 ${middle})` }),
      text("places of P(B)", { x: x(0) + side / 2, y: y(n) + 29, "text-anchor": "middle" }),
    ];
  }

  /** The last swap in words, and whether it is to be seen here. */
  function story({ last, shown }) {
    if (!last) return "Nothing is swapped yet.";
    const how = last.hand ? "Last swap, by hand" : "Last swap";
    const away = last.group === shown ? "" : " (not shown)";
    return `${how}: places ${last.places.join(" and ")} of ${data.groups[last.group].name}${away}.`;
  }

  function legend(group) {
    const [deadA, deadB] = group.dead.map((units) => units.size);
    const dead = deadA + deadB ? [html("span", {}, html("i", { class: "tkp-grey" }), `grey: dead units, ${deadA} of A, ${deadB} of B`)] : [];
    key.replaceChildren("−1", html("i", { class: "tkp-scale" }), "+1", ...dead);
  }

  function draw(state, width, widest, picked) {
    const group = data.groups[state.shown];
    const side = Math.max(120, Math.min(width - EDGE.left - 4, widest));
    const cell = side / group.size;
    const at = { n: group.size, cell, side, x: (place) => EDGE.left + place * cell, y: (unit) => EDGE.top + unit * cell };
    now = { ...at, state, group };
    name.textContent = `Correlation in ${group.name}`;
    score.textContent = group.watched ? `score ${minus(state.totals[state.shown], 1)} of ${group.best.toFixed(1)}` : "cannot be watched";
    fill(figure, { width: EDGE.left + side + 4, height: EDGE.top + side + EDGE.bottom, "aria-label":
      `correlations of A's units, in rows, with the units at the places of B, in columns; ${story(state)}` }, []);
    const marks = state.last?.group === state.shown ? state.last.places.map((place) => column(at, place, "tkp-last")) : [];
    if (picked !== null) marks.push(column(at, picked, "tkp-picked"));
    heat.classList.toggle("tkp-fine", cell < 1);
    if (group.watched) fill(heat, { href: heatMap(state), x: EDGE.left, y: EDGE.top, width: side, height: side }, []);
    figure.replaceChildren(...(group.watched ? [heat] : []), grid(at), diagonal(at), ...axes(at), ...marks);
    words = story(state);
    caption.textContent = words;
    legend(group);
  }

  /** Row and column under a pointer, or null. */
  function under(event) {
    const box = figure.getBoundingClientRect();
    const place = Math.floor((event.clientX - box.left - EDGE.left) / now.cell);
    const unit = Math.floor((event.clientY - box.top - EDGE.top) / now.cell);
    const inside = (index) => index >= 0 && index < now.n;
    return inside(place) && unit < now.n ? { place, unit: inside(unit) ? unit : null } : null;
  }

  figure.addEventListener("pointermove", (event) => {
    const found = under(event);
    figure.classList.toggle("tkp-over", found !== null);
    if (!found || found.unit === null || !now.group.watched) return (caption.textContent = words);
    const unit = now.state.perms[now.state.shown][found.place];
    const r = minus(correlation(now.group, found.unit, unit));
    caption.textContent = `unit ${found.unit} of A, unit ${unit} of B: correlation ${r}`;
  });
  figure.addEventListener("pointerleave", () => (caption.textContent = words));
  figure.addEventListener("click", (event) => {
    const found = under(event);
    if (found) choose(found.place);
  });
  return { element, draw, tall: () => now.side + EDGE.top + EDGE.bottom + 58 };
}
