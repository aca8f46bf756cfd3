// The map: the measure as colours with contour lines, the networks on it, the line, and the point to drag.

const SHEET = { left: 44, right: 10, top: 10, bottom: 30 };
const FINE = 220; // pixels of the ground along its longer side

/** The ground as a picture: each pixel's colour from the four grid points around. */
function landscapeGround(data, surface) {
  const [left, right, low, high] = surface.frame;
  const unit = FINE / Math.max(right - left, high - low);
  const [width, height] = [right - left, high - low].map((side) => Math.max(2, Math.round(unit * side)));
  return groundOf(data.colours, width, height, (across, down) =>
    shadeOf(data, valueOn(surface, [left + across * (right - left), high - down * (high - low)])));
}

/** Grid points and the middles of their cells, and the triangles between them: what `contour` walks through. */
function landscapeMesh({ xs, ys, values }) {
  const [w, h] = [xs.length, ys.length];
  const places = Array.from(values, (_, k) => [xs[k % w], ys[Math.floor(k / w)]]);
  const heights = Array.from(values);
  const triangles = [];
  for (let j = 0; j + 1 < h; j++) {
    for (let i = 0; i + 1 < w; i++) {
      const ring = [j * w + i, j * w + i + 1, (j + 1) * w + i + 1, (j + 1) * w + i];
      const middle = places.push([(xs[i] + xs[i + 1]) / 2, (ys[j] + ys[j + 1]) / 2]) - 1;
      heights.push(ring.reduce((sum, k) => sum + values[k], 0) / 4);
      ring.forEach((k, side) => triangles.push([k, ring[(side + 1) % 4], middle]));
    }
  }
  return { places, heights, triangles };
}

/** A panel with the map; draw(...) lays it out, move(...) moves the point and the line. */
function landscapeMap(data, help) {
  const figure = svg("svg", { class: "tke-map", role: "group" });
  const [title, low, high] = [html("h4"), html("span"), html("span")];
  const ramp = colourRamp("tke-ramp", data.colours);
  const key = html("span", { class: "tke-key" }, low, ramp, high);
  const caption = html("p", { class: "tk-caption" });
  const element = html("section", { class: "tke-map-panel" }, html("div", { class: "tke-head" }, title, key), figure, caption);
  const [under, over] = [svg("path", { class: "tke-way tke-under" }), svg("path", { class: "tke-way" })];
  const [beyondUnder, beyond] = [svg("path", { class: "tke-way tke-under" }), svg("path", { class: "tke-way tke-beyond" })];
  const shape = svg("path", { d: rhombus([0, 0], 10) });
  const point = svg("g", { class: "tke-point", tabindex: 0, role: "slider", "aria-label": "point on the map", "aria-roledescription": "point in a plane",
    "aria-describedby": help }, svg("circle", { class: "tke-reach", r: 20 }), shape);
  const kept = new Map(); // grounds and meshes by surface
  let now = null;

  function prepared(surface) {
    if (!kept.has(surface.name)) kept.set(surface.name, { ground: landscapeGround(data, surface), mesh: landscapeMesh(surface) });
    return kept.get(surface.name);
  }

  function contours(surface, mesh) {
    const [left, right, bottom, top] = surface.frame;
    const away = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) * now.scale;
    const taken = surface.networks.flatMap(({ x, y, name }) => [[x, y], [x + (10 + 4 * name.length) / now.scale, y + 12 / now.scale]]); // where a label would be in the way
    return data.levels.flatMap((level, n) => {
      const pieces = contour(mesh.places, mesh.triangles, mesh.heights, level);
      if (!pieces.length) return [];
      const lines = contourLines("tke", pieces, now.place);
      const room = (at) => Math.min((at[0] - left) * now.scale - 14, (right - at[0]) * now.scale - 14, (at[1] - bottom) * now.scale, (top - at[1]) * now.scale,
        ...taken.map((other) => away(at, other) - 16));
      const widest = pieces.map(([end]) => end).reduce((best, end) => (room(end) > room(best) ? end : best));
      if (room(widest) < 12) return lines;
      taken.push(widest);
      const [x, y] = now.place(widest);
      return [...lines, svg("text", { class: "tke-level", x, y: y + 4, "text-anchor": "middle" }, data.shown[n])];
    });
  }

  function axes({ frame: [left, right, low, high] }) {
    const [floor, wide] = [SHEET.top + now.height, SHEET.left + now.width];
    const neat = (v) => String(+v.toPrecision(6));
    const below = ticks(left, right, 5).map((v) => svg("text", { x: now.place([v, 0])[0], y: floor + 14, "text-anchor": "middle" }, neat(v)));
    const beside = ticks(low, high, 5).map((v) => svg("text", { x: SHEET.left - 6, y: now.place([0, v])[1] + 4, "text-anchor": "end" }, neat(v)));
    return svg("g", { class: "tke-axes", "aria-hidden": "true" }, ...below, ...beside, svg("text", { class: "tke-axis", x: wide, y: floor + 27, "text-anchor": "end" }, "x →"),
      svg("text", { class: "tke-axis", x: SHEET.left, y: floor + 27 }, "↑ y"));
  }

  function marks({ networks }) {
    return networks.flatMap((network) => {
      const [x, y] = now.place([network.x, network.y]);
      const flip = x > SHEET.left + now.width - 9 * network.name.length - 14;
      const mark = networkMark(network, [x, y]);
      if (network.away) mark.classList.add("tke-shadow");
      return [mark, svg("text", { class: "tke-label", x: x + (flip ? -10 : 10), y: Math.max(SHEET.top + 12, y - 8), "text-anchor": flip ? "end" : "start" }, network.name)];
    });
  }

  function draw(state, room) {
    const { surface } = state;
    const [left, right, bottom, top] = surface.frame;
    const width = Math.min(Math.max(160, room - SHEET.left - SHEET.right), (420 * (right - left)) / (top - bottom));
    const scale = width / (right - left);
    const height = scale * (top - bottom);
    const place = ([x, y]) => [SHEET.left + (x - left) * scale, SHEET.top + (top - y) * scale];
    now = { scale, width, height, place, surface };
    const { ground, mesh } = prepared(surface);
    fill(figure, { width: width + SHEET.left + SHEET.right, height: height + SHEET.top + SHEET.bottom,
      "aria-label": `map of the ${data.measure}: ${surface.networks.map(({ name }) => name).join(", ")}` }, []);
    figure.replaceChildren(svg("image", { href: ground, preserveAspectRatio: "none", x: SHEET.left, y: SHEET.top, width, height }), axes(surface),
      ...contours(surface, mesh), beyondUnder, beyond, under, over, ...marks(surface), point);
    title.textContent = data.measure[0].toUpperCase() + data.measure.slice(1);
    const word = (v) => shownValue(data, v);
    [low.textContent, high.textContent] = [word(data.low), `${word(data.high)}${data.log ? ", logarithmic" : ""}`];
    caption.textContent = `${surface.caption}${data.surfaces.length > 1 ? " Colours mean the same on every surface." : ""}`;
    move(state);
  }

  function move({ at, start, way, surface, value, exact, near }) {
    const [x, y] = now.place(at);
    const path = (a, b) => `M${a.map((v) => v.toFixed(1)).join(" ")}L${b.map((v) => v.toFixed(1)).join(" ")}`;
    const [first, last] = [now.place([start.x, start.y]), now.place(way.end)];
    for (const node of [under, over]) node.setAttribute("d", path(first, [x, y]));
    for (const node of [beyond, beyondUnder]) node.setAttribute("d", path(first, last));
    point.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
    const [left, right] = surface.frame;
    const said = `x ${shownPlace(at[0])}, y ${shownPlace(at[1])}, ${data.measure} ${exact ? "" : "about "}${shownValue(data, value)}, nearest ${near.name}`;
    fill(point, { "aria-valuemin": left, "aria-valuemax": right, "aria-valuenow": at[0], "aria-valuetext": said }, []);
  }

  /** The place under a pointer, brought onto the map. */
  function below(event) {
    const box = figure.getBoundingClientRect();
    const [left, , , top] = now.surface.frame;
    const x = left + (event.clientX - box.left - SHEET.left) / now.scale;
    return clippedTo(now.surface, [x, top - (event.clientY - box.top - SHEET.top) / now.scale]);
  }

  return { element, draw, move, under: below, figure, point };
}
