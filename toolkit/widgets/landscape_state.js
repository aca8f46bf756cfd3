// The landscape's numbers: the model's traits decoded, values between grid points, distances, straight lines.

const LINE_STEPS = 100; // as STEPS in landscape_data.py

/** The model's traits, decoded once. */
function readLandscape(model) {
  const spec = model.get("_spec");
  const all = decode(model.get("_grids"), Float64Array);
  let from = 0;
  const take = (count) => all.subarray(from, (from += count));
  const surfaces = spec.surfaces.map((one) => {
    const [width, height] = one.size;
    const [xs, ys, values] = [take(width), take(height), take(width * height)];
    const frame = [xs[0], xs[width - 1], ys[0], ys[height - 1]];
    return { ...one, xs, ys, values, frame };
  });
  return { ...spec, surfaces, colours: decode(model.get("_colours"), Uint8Array) };
}

/** A value as Python writes it, see landscape_words.py. */
function shownValue(data, v) {
  if (data.percent) return `${(100 * v).toFixed(1)} %`;
  return v.toFixed(v >= 10 ? 1 : v >= 1 ? 2 : v >= 0.1 ? 3 : 4);
}

/** A coordinate with two decimals, and no minus before a zero. */
const shownPlace = (v) => v.toFixed(2).replace(/^-0\.00$/, "0.00");

/** Where a value stands between 0, the darkest colour, and 1, the lightest. */
function shadeOf(data, v) {
  const bend = data.log ? Math.log : (w) => w;
  const shade = (bend(Math.max(v, data.low)) - bend(data.low)) / (bend(data.high) - bend(data.low));
  return Math.min(1, Math.max(0, shade));
}

/** The point of the map nearest to [x, y], by either coordinate. */
function clippedTo({ frame: [left, right, low, high] }, [x, y]) {
  return [Math.min(right, Math.max(left, x)), Math.min(high, Math.max(low, y))];
}

/** Where a point goes on another surface: between planes it stays the same mixture of the three networks. */
function carriedTo(from, to, [x, y]) {
  if (!from.corners || !to.corners) return clippedTo(to, [x, y]);
  const [[ax, ay], [bx, by], [cx, cy]] = from.corners;
  const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
  const second = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area;
  const third = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area;
  const [a, b, c] = to.corners;
  return clippedTo(to, [0, 1].map((axis) => a[axis] + second * (b[axis] - a[axis]) + third * (c[axis] - a[axis])));
}

/** The value at [x, y], bilinear between the four grid points around. */
function valueOn({ xs, ys, values }, [x, y]) {
  const [{ index: i, fraction: f }, { index: j, fraction: g }] = [locate(xs, x), locate(ys, y)];
  const row = (k) => (1 - f) * values[k * xs.length + i] + f * values[k * xs.length + i + 1];
  return (1 - g) * row(j) + g * row(j + 1);
}

/** Whether [x, y] is a grid point. */
function isGridPoint({ xs, ys }, [x, y]) {
  return [[xs, x], [ys, y]].every(([grid, at]) => {
    const { fraction } = locate(grid, at);
    return Math.min(fraction, 1 - fraction) < 1e-6;
  });
}

/** How far a step on the map leads in weight space. */
function stepLength({ gram: [uu, uv, vv] }, dx, dy) {
  return Math.sqrt(Math.max(0, dx * dx * uu + 2 * dx * dy * uv + dy * dy * vv));
}

/** The measure on the straight line from a network's place through a point to the edge of the map. */
function lineThrough(surface, network, [x, y]) {
  const [left, right, low, high] = surface.frame;
  let [dx, dy] = [x - network.x, y - network.y];
  let here = stepLength(surface, dx, dy);
  if (Math.max(Math.abs(dx) / (right - left), Math.abs(dy) / (high - low)) < 1e-6) { // on the network: along the first axis
    here = 0;
    [dx, dy] = [right - network.x >= network.x - left ? right - network.x : left - network.x, 0];
  }
  const room = [[network.x, dx, left], [network.x, dx, right], [network.y, dy, low], [network.y, dy, high]]
    .filter(([, step]) => step).map(([at, step, edge]) => (edge - at) / step).filter((t) => t > 1e-9);
  const reach = Math.min(...room);
  const length = stepLength(surface, dx, dy);
  const turn = here && reach > 1 ? 1 : reach; // the point is one of the places, its value one of the values
  const half = LINE_STEPS / 2;
  const places = Array.from({ length: LINE_STEPS + 1 }, (_, k) => (k <= half ? (turn * k) / half : turn + ((reach - turn) * (k - half)) / half));
  return {
    here, away: places.map((t) => t * length), end: [network.x + reach * dx, network.y + reach * dy],
    values: places.map((t) => valueOn(surface, [network.x + t * dx, network.y + t * dy])),
  };
}

/** What is known of the present state. */
function landscapeState(model, data) {
  const surface = data.surfaces.find(({ name }) => name === model.get("surface")) ?? data.surfaces[0];
  const at = clippedTo(surface, [model.get("x"), model.get("y")]);
  const rows = surface.networks.map((one) => ({ ...one, distance: Math.hypot(stepLength(surface, at[0] - one.x, at[1] - one.y), one.away) }));
  const near = rows.reduce((best, one) => (one.distance < best.distance ? one : best));
  const start = rows.find(({ name }) => name === model.get("line")) ?? near;
  return { surface, at, rows, near, start, line: model.get("line"), value: valueOn(surface, at), exact: isGridPoint(surface, at), way: lineThrough(surface, start, at) };
}

/** A network's value, or that it is not known. */
function networkValue(data, { value, measured }) {
  return value === null ? "not measured" : (measured ? "" : "≈ ") + shownValue(data, value);
}

/** The present state as sentences. */
function landscapeWords(data, { surface, at, rows, near, value, exact }) {
  const where = data.surfaces.length > 1 ? `${surface.name}, ` : "";
  const own = near.value === null ? "not measured itself" : `${data.measure} there ${networkValue(data, near)}`;
  const others = rows.filter((one) => one !== near).map(({ name, distance }) => `${name} ${distance.toFixed(2)}`);
  return [
    `${where}x = ${shownPlace(at[0])}, y = ${shownPlace(at[1])}: ${data.measure} ${exact ? "" : "≈ "}${shownValue(data, value)}, ` +
      (exact ? "measured at this grid point." : "bilinear between the four grid points around."),
    `Nearest is ${near.name}, ${near.distance.toFixed(2)} away in weight space (${own})${others.length ? `; then ${others.join(", ")}` : ""}.`,
  ];
}
