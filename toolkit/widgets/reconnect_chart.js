// Test accuracy and loss over the slider, with the present position marked. A press goes to the position under it.

const FRAME = { left: 46, right: 58, top: 10, bottom: 30 };

/** One curve over the stops; `choose(stop)` when pressed or dragged. */
function curvePanel(data, { title, values, write, tick, range }, choose) {
  const figure = svg("svg", { class: "tkr-chart tkr-curve", "aria-hidden": "true" });
  const [name, now] = [html("h4", {}, title), html("span", { class: "tkr-value" })];
  const element = html("section", {}, html("div", { class: "tkr-head" }, name, now), figure);
  let place = null;
  dragAlong(figure, (x) => choose(Math.min(data.steps, Math.max(0, Math.round(((x - FRAME.left) / place.wide) * data.steps)))));

  function draw({ at }, width, height) {
    const wide = Math.max(60, width - FRAME.left - FRAME.right);
    const [low, high] = range;
    const floor = height - FRAME.bottom;
    const x = (i) => FRAME.left + (i / data.steps) * wide;
    const y = (v) => floor - ((v - low) / (high - low)) * (floor - FRAME.top);
    place = { wide };
    const rules = ticks(low, high, height > 170 ? 5 : 3).map((v) => levelRule("tkr-rule", [x(0), x(data.steps)], y(v), tick(v)));
    const below = [0, 10, 20, 30, 40].map((i) => svg("text", { x: x(i), y: floor + 16, "text-anchor": "middle" }, i === 0 ? "start" : i === data.steps ? "trained" : placeText(data, i)));
    const line = `M${Array.from(values, (v, i) => `${x(i).toFixed(2)} ${y(v).toFixed(2)}`).join("L")}`;
    const [px, py] = [x(at), y(values[at])];
    now.textContent = write(values[at]);
    fill(figure, { width, height }, []);
    figure.replaceChildren(...rules, ...below, svg("path", { class: "tkr-line", d: line }), svg("line", { class: "tkr-place", x1: px, x2: px, y1: FRAME.top, y2: floor }),
      svg("path", { class: "tkr-spot", d: rhombus([px, py], 7) }),
      svg("text", { class: "tkr-end", x: x(data.steps) + 10, y: y(values[data.steps]) + 4 }, write(values[data.steps]).replace(" nats", "")));
  }
  return { element, draw };
}

/** Lowest and highest of some values with a little room, inside [least, most]. */
function roomy(values, least, most) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spare = Math.max(0.08 * (high - low), 0.01);
  return [Math.max(least, low - spare), Math.min(most, high + spare)];
}

/** Both curves, one above the other, in a room of some height. */
function measuredPanels(data, choose) {
  const accuracy = curvePanel(data, { title: "Test accuracy", values: data.accuracy, write: percentText, tick: (v) => `${+(100 * v).toFixed(1)} %`,
    range: roomy(data.accuracy, 0, 1) }, choose);
  const loss = curvePanel(data, { title: "Test loss", values: data.loss, write: (v) => `${v.toFixed(2)} nats`, tick: (v) => `${+v.toFixed(2)}`,
    range: roomy(data.loss, 0, Infinity) }, choose);
  const element = html("div", { class: "tkr-measured" }, accuracy.element, loss.element);
  const draw = (state, width, room) => {
    const low = Math.max(120, Math.round(0.38 * (room - 52)));
    accuracy.draw(state, width, Math.max(170, room - 52 - low));
    loss.draw(state, width, low);
  };
  return { element, draw };
}
