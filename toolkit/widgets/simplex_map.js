// The map: the triangle filled smoothly with accuracy or loss, its contour lines, the corners, and the points to move.

const MARGIN = { x: 26, top: 42, bottom: 40 };

/** The small triangles between measured points, as triples of indices. */
function smallTriangles({ n, size }) {
  const found = [];
  const add = (low, points) => {
    const corners = points.map((point) => latticeIndex(n, point));
    if (low[0] === low[1] && low[1] === low[2]) for (let c = 0; c < 3; c++) found.push([corners[c], corners[(c + 1) % 3], size - 1]);
    else found.push(corners);
  };
  for (let i = 0; i < n; i++) {
    for (let j = 0; i + j < n; j++) {
      add([i, j, n - 1 - i - j], [[i + 1, j], [i, j + 1], [i, j]]);
      if (i + j < n - 1) add([i, j, n - 2 - i - j], [[i, j + 1], [i + 1, j], [i + 1, j + 1]]);
    }
  }
  return found;
}

/** The ground as a picture: each pixel's colour from the measured points around it. */
function groundPicture(data, values, [low, high], width, height) {
  return groundOf(data.colours, width, height, (across, down) => {
    const weights = intoTriangle(weightsAt([across, (1 - down) * PLACES[2][1]]));
    return (valueAt(data, values, weights) - low) / (high - low);
  });
}

/** A disc, a square, a triangle: the marks of corner 1, 2, 3. */
function cornerMark(corner, [x, y], r) {
  const shapes = [
    `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
    `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`,
    `M${x} ${y - 1.15 * r}l${1.15 * r} ${2 * r}h${-2.3 * r}Z`,
  ];
  return svg("path", { class: `tks-corner-${corner + 1}`, d: shapes[corner] });
}

/** A point that can be focused, dragged and moved by keys. */
function handle(label, className, help) {
  const shape = svg("path", {});
  const element = svg("g", { class: `tks-point ${className}`, tabindex: 0, role: "slider", "aria-label": label,
    "aria-roledescription": "point in a triangle", "aria-valuemin": 0, "aria-valuemax": 1, "aria-describedby": help },
  svg("circle", { class: "tks-reach", r: 20 }), shape);
  const move = (weights, place) => {
    shape.setAttribute("d", rhombus([0, 0], 10));
    element.setAttribute("transform", `translate(${place[0].toFixed(2)} ${place[1].toFixed(2)})`);
    element.setAttribute("aria-valuenow", weights[0].toFixed(2));
    element.setAttribute("aria-valuetext", CORNERS.map((name, c) => `${name} ${weights[c].toFixed(2)}`).join(", "));
  };
  return { element, move };
}

/** A panel with the map; draw(...) lays it out, move(...) moves only the points. */
function simplexMap(data, help) {
  const clip = unique("tks-clip");
  const triangles = smallTriangles(data);
  const figure = svg("svg", { class: "tks-map", role: "group" });
  const handles = [handle("point", "tks-first", help), handle("second point", "tks-second", help)];
  const rings = [0, 1].map(() => svg("circle", { class: "tks-ring", r: 5 }));
  const [title, meaning, low, high] = [html("h4"), html("span", { class: "tks-meaning" }), html("span"), html("span")];
  const ramp = colourRamp("tks-ramp", data.colours);
  const head = html("div", { class: "tks-head" }, title, meaning, html("span", { class: "tks-key" }, low, ramp, high));
  const caption = html("p", { class: "tk-caption" });
  const element = html("section", { class: "tks-map-panel" }, head, figure, caption);
  const grounds = new Map();
  let now = null;

  function ground({ variant, metric, scale }) {
    const key = [variant.name, metric, ...scale].join("|");
    if (!grounds.has(key)) grounds.set(key, groundPicture(data, variant[metric], scale, 360, 312));
    return grounds.get(key);
  }

  function contours({ variant, metric }) {
    const values = variant[metric];
    const [least, most] = [Math.min(...values), Math.max(...values)];
    if (most - least < 1e-6) return [];
    const taken = [...PLACES, placeOf(MIDDLE)]; // where a label would be in the way
    return ticks(least, most, 4).flatMap((level) => {
      const pieces = contour(data.weights, triangles, values, level);
      if (!pieces.length) return [];
      const lines = contourLines("tks", pieces, now.place);
      const room = (weights) => Math.min(2 * Math.min(...weights), ...taken.map((place) => distance(place, placeOf(weights))));
      const widest = pieces.map(([end]) => end).reduce((best, end) => (room(end) > room(best) ? end : best));
      if (room(widest) < 0.1) return lines;
      taken.push(placeOf(widest));
      const [x, y] = now.place(widest);
      return [...lines, svg("text", { class: "tks-level", x, y: y + 4, "text-anchor": "middle" }, SIMPLEX_METRICS[metric].tick(level))];
    });
  }

  function corners({ variant, metric }) {
    return PLACES.flatMap((_, c) => {
      const [x, y] = now.place([0, 1, 2].map((d) => Number(c === d)));
      const own = variant[metric][nearestPoint(data, [0, 1, 2].map((d) => Number(c === d)))];
      const up = c === 2;
      const anchor = ["start", "end", "middle"][c];
      const at = { x: c === 0 ? x - 12 : c === 1 ? x + 12 : x, y: up ? y - 16 : y + 26, "text-anchor": anchor };
      return [cornerMark(c, [x, y], 8), svg("text", { class: "tks-label", ...at }, `${CORNERS[c]}: ${SIMPLEX_METRICS[metric].show(own)}`)];
    });
  }

  function draw(state, room) {
    const side = Math.max(180, room - 2 * MARGIN.x);
    const tall = side * PLACES[2][1];
    const [width, height] = [side + 2 * MARGIN.x, tall + MARGIN.top + MARGIN.bottom];
    const place = (weights) => {
      const [x, y] = placeOf(weights);
      return [MARGIN.x + side * x, MARGIN.top + tall - side * y];
    };
    now = { side, tall, place };
    fill(figure, { width, height, "aria-label": `map of the test ${state.metric} in the triangle, ${SIMPLEX_METRICS[state.metric].key}` }, []);
    const outline = `M${PLACES.map((_, c) => place([0, 1, 2].map((d) => Number(c === d))).join(" ")).join("L")}Z`;
    figure.replaceChildren(
      svg("clipPath", { id: clip }, svg("path", { d: outline })),
      svg("g", { "clip-path": `url(#${clip})` }, svg("image", { href: ground(state), preserveAspectRatio: "none",
        x: MARGIN.x, y: MARGIN.top, width: side, height: tall })),
      ...contours(state), svg("path", { class: "tks-outline", d: outline }), ...corners(state), ...rings,
      ...handles.map(({ element: node }) => node).reverse());
    title.textContent = `Test ${state.metric}`;
    meaning.textContent = SIMPLEX_METRICS[state.metric].key;
    [low.textContent, high.textContent] = state.scale.map(SIMPLEX_METRICS[state.metric].brief);
    const [a, b, c] = state.variant.sides.map((length) => length.toFixed(1));
    caption.textContent = `Sides in weight space: ${a} (1 to 2), ${b} (1 to 3), ${c} (2 to 3); drawn equal.`;
    move(state);
  }

  function move(state) {
    const two = state.points.length === 2;
    handles[0].element.setAttribute("aria-label", two ? "first point" : "point");
    handles.forEach(({ element: node, move: put }, m) => {
      node.style.display = m < state.points.length ? "" : "none";
      rings[m].style.display = two ? "" : "none";
      if (m >= state.points.length) return;
      put(state.points[m], now.place(state.points[m]));
      const [x, y] = now.place(data.weights[state.near[m]]);
      fill(rings[m], { cx: x, cy: y }, []);
    });
  }

  /** The weights under a pointer, brought into the triangle. */
  function under(event) {
    const box = figure.getBoundingClientRect();
    const x = (event.clientX - box.left - MARGIN.x) / now.side;
    const y = (MARGIN.top + now.tall - (event.clientY - box.top)) / now.side;
    return intoTriangle(weightsAt([x, y]));
  }

  return { element, draw, move, under, surface: figure, handles: handles.map(({ element: node }) => node) };
}
