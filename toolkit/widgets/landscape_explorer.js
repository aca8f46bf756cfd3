// LandscapeExplorer: walk over a plane through weight space. Everything was measured in Python; moving only draws.

/** What the controls do: they change the model, and the model's listeners change what is shown. */
function landscapeActions(model, data, view) {
  const put = (values) => save(model, values); // all together: a coordinate is checked against its surface
  const go = ([x, y]) => {
    if (Number.isFinite(x) && Number.isFinite(y)) {
      const [inX, inY] = clippedTo(landscapeState(model, data).surface, [x, y]);
      put({ x: inX, y: inY });
    }
    view.draw(); // also when nothing changed: an impossible number typed in gives way to the true one
  };
  return {
    go,
    line: (line) => put({ line }),
    coordinate(axis, value) {
      const { at } = landscapeState(model, data);
      go(axis ? [at[0], value] : [value, at[1]]);
    },
    surface(name) {
      const surface = data.surfaces.find((one) => one.name === name);
      const { surface: old, at } = landscapeState(model, data);
      const [x, y] = carriedTo(old, surface, at);
      const known = surface.networks.some((one) => one.name === model.get("line"));
      put({ surface: name, x, y, line: known ? model.get("line") : "nearest" });
    },
  };
}

/** Press and drag on the map. */
function dragLandscape(map, go) {
  map.figure.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    map.figure.setPointerCapture(event.pointerId);
    map.point.focus({ preventScroll: true });
    go(map.under(event));
  });
  map.figure.addEventListener("pointermove", (event) => {
    if (map.figure.hasPointerCapture(event.pointerId)) go(map.under(event));
  });
}

/** Every part of the widget, put together. */
function assembleLandscape(data, act) {
  const help = unique("tke-help");
  const parts = {
    surfaces: segments("Surface", data.surfaces.map(({ name }) => [name, name]), unique("tke-surface"), act.surface),
    map: landscapeMap(data, help), numbers: coordinateInputs(act.coordinate), table: networksTable(data, act.go),
    choice: lineChoice(act.line), line: landscapeLine(data), readout: html("p", { class: "tk-readout" }), more: html("p", { class: "tke-more" }),
    spoken: spokenLine(),
  };
  const choices = data.surfaces.length > 1 ? [html("div", { class: "tk-choices tke-choices" }, parts.surfaces.element)] : [];
  const side = html("div", { class: "tke-side" }, html("div", { "aria-hidden": "true" }, parts.readout, parts.more), parts.numbers.element,
    parts.table.element);
  const below = html("div", { class: "tke-below" }, parts.choice.element, parts.line.element);
  parts.root = html("div", { class: "tk tk-landscape-explorer", role: "group", "aria-label": `A map of the ${data.measure} in weight space` },
    ...choices, html("div", { class: "tke-body" }, parts.map.element, side, below), html("p", { class: "tk-caption", id: help }, LANDSCAPE_KEYS), parts.spoken);
  return parts;
}

function render({ model, el }) {
  const data = readLandscape(model);
  const view = { draw: () => draw() };
  const act = landscapeActions(model, data, view);
  const parts = assembleLandscape(data, act);
  const say = throttled(() => (parts.spoken.textContent = landscapeWords(data, landscapeState(model, data)).join(" ")), 800);
  let [drawn, room] = [null, null]; // the surface and the width the map was laid out for

  parts.map.point.addEventListener("keydown", (event) => {
    const place = afterLandscapeKey(event, landscapeState(model, data));
    if (!place) return;
    event.preventDefault();
    act.go(place);
  });
  dragLandscape(parts.map, act.go);

  function draw() {
    const state = landscapeState(model, data);
    const wide = parts.map.element.clientWidth;
    if (drawn !== state.surface || room !== wide) {
      [drawn, room] = [state.surface, wide];
      parts.map.draw(state, Math.min(560, Math.max(240, wide)));
    } else parts.map.move(state);
    parts.surfaces.select(state.surface.name);
    for (const part of [parts.numbers, parts.table, parts.choice]) part.draw(state);
    parts.line.draw(state, Math.max(220, parts.line.element.clientWidth), 170);
    [parts.readout.textContent, parts.more.textContent] = landscapeWords(data, state);
    say();
  }

  const soon = gathered(parts.root, draw);
  return runView({ model, el }, parts.root, {
    draw, traits: ["surface", "x", "y", "line"].map((name) => [name, soon]), resized: () => parts.map.element.clientWidth !== room, ends: [say.cancel],
  });
}

export default { render };
