// The map: the loss on a plane through weight space, the shadow of the path on it, and where on the path you are.

/** The bytes of a PNG as a data URI. */
function pngAddress(bytes) {
  return "data:image/png;base64," + btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** The t whose place on the track [x0, y0, x1, y1, ...] is nearest to (x, y), between measured points too. */
function nearestOnTrack(ts, track, x, y) {
  let best = { t: ts[0], away: Infinity };
  for (let i = 0; i + 1 < ts.length; i++) {
    const [ax, ay, bx, by] = track.subarray(2 * i, 2 * i + 4);
    const [dx, dy] = [bx - ax, by - ay];
    const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
    const fraction = Math.min(1, Math.max(0, along));
    const away = Math.hypot(ax + fraction * dx - x, ay + fraction * dy - y);
    if (away < best.away) best = { t: ts[i] + fraction * (ts[i + 1] - ts[i]), away };
  }
  return best.t;
}

/** The longest of 1, 2, 5, 10, ... (or 0.1, 0.2, 0.5, ...) that fits into `room`. */
function roundLength(room) {
  const power = 10 ** Math.floor(Math.log10(room) + 1e-9);
  return [5, 2, 1].map((m) => m * power).find((length) => length <= room * (1 + 1e-9));
}

/** A panel with the map; draw(...) lays it out, move(t) moves only the diamond. */
function pathMap(data) {
  const { frame: [left, right, low, high], third, range, title, alt } = data.map;
  const ground = svg("image", { href: pngAddress(data.map.ground), preserveAspectRatio: "none" });
  const figure = svg("svg", { class: "tk-map", role: "img", "aria-label": alt });
  const point = svg("path", { class: "tk-map-point" });
  const key = html("span", { class: "tk-note tk-key" }, range[0], html("i", { class: "tk-scale tk-ramp" }), range[1]);
  const caption = html("p", { class: "tk-caption" });
  const element = html("section", { class: "tk-map-panel" },
    html("div", { class: "tk-head" }, html("h4", {}, title), key), figure, caption);
  let now = null;

  /** Coordinates of the track at t, on the straight line between its measured neighbours. */
  function at(variant, t) {
    const { index, fraction } = locate(data.t, t);
    return [0, 1].map((c) => (1 - fraction) * variant.track[2 * index + c] + fraction * variant.track[2 * index + 2 + c]);
  }

  function mark(name, [x, y], shape, label) {
    const flip = x > now.width - 34;
    const words = svg("text", { class: "tk-map-label", x: x + (flip ? -9 : 9), y: Math.max(14, y - 8),
      "text-anchor": flip ? "end" : "start" }, label);
    return [svg("path", { class: `tk-map-${name}`, d: shape(x, y) }), words];
  }

  function marks(variant) {
    const disc = (x, y) => `M${x - 6.5} ${y}a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0 -13 0Z`;
    const square = (x, y) => `M${x - 6} ${y - 6}h12v12h-12Z`;
    const triangle = (x, y) => `M${x} ${y - 7.5}l7 12.5h-14Z`;
    const found = [...mark("a", now.place(at(variant, 0)), disc, "A"), ...mark("b", now.place(at(variant, 1)), square, "B")];
    if (third) found.push(...mark("c", now.place(third.at), triangle, third.name));
    return found;
  }

  /** A bar of round length in the corner: distances on the map are true. */
  function scaleBar() {
    const length = roundLength((right - left) / 4);
    const [x, y] = [now.width - 12, now.height - 12];
    const path = `M${x - length * now.scale} ${y - 4}v4H${x}v-4`;
    return [
      svg("path", { class: "tk-bar-halo", d: path }), svg("path", { class: "tk-bar", d: path }),
      svg("text", { class: "tk-map-label tk-bar-label", x: x - (length * now.scale) / 2, y: y - 8, "text-anchor": "middle" },
        String(+length.toPrecision(1))),
    ];
  }

  function draw(variant, tallest) {
    const room = Math.min(element.clientWidth, (tallest * (right - left)) / (high - low));
    const scale = Math.max(1, room) / (right - left);
    const place = ([x, y]) => [(x - left) * scale, (high - y) * scale];
    now = { variant, scale, place, width: (right - left) * scale, height: (high - low) * scale };
    for (const node of [figure, ground]) fill(node, { width: now.width, height: now.height }, []);
    const points = Array.from(data.t, (_, i) => place(variant.track.subarray(2 * i, 2 * i + 2)).map((v) => v.toFixed(1)).join(" "));
    const d = `M${points.join("L")}`;
    figure.replaceChildren(ground, svg("path", { class: "tk-track-halo", d }), svg("path", { class: "tk-track-line", d }),
      ...scaleBar(), ...marks(variant), point);
    caption.textContent = variant.caption;
  }

  /** Put the diamond at t; where the path is outside the picture, hollow at its edge. */
  function move(t) {
    const [x, y] = now.place(at(now.variant, t));
    const [inX, inY] = [Math.min(now.width - 8, Math.max(8, x)), Math.min(now.height - 8, Math.max(8, y))];
    const outside = x < -1e-3 || y < -1e-3 || x > now.width + 1e-3 || y > now.height + 1e-3;
    point.setAttribute("d", outside ? rhombus([inX, inY], 7) : rhombus([x, y], 9));
    point.classList.toggle("tk-outside", outside);
  }

  /** The t of the place on the path nearest to a pointer. */
  function under(event) {
    const box = figure.getBoundingClientRect();
    const x = left + ((event.clientX - box.left) / box.width) * (right - left);
    const y = high - ((event.clientY - box.top) / box.height) * (high - low);
    return nearestOnTrack(data.t, now.variant.track, x, y);
  }

  return { element, draw, move, under, surface: figure };
}
