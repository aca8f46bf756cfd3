// What the learner can press and type: surfaces, networks to go to, coordinates, where the line begins.

const LANDSCAPE_KEYS = "Keys on the point: arrows go to the next grid line (with Shift, a tenth of the way); Home goes to the nearest network, 1, 2, 3 … to the first, second, third.";

/** The place after a key, or undefined. */
function afterLandscapeKey(event, { surface, at, near }) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] }[event.key];
  if (way) {
    const [axis, sign] = way;
    const grid = axis ? surface.ys : surface.xs;
    const moved = [...at];
    if (event.shiftKey) moved[axis] += (sign * (grid[1] - grid[0])) / 10;
    else {
      const { index, fraction } = locate(grid, at[axis]);
      const place = index + (fraction > 1 - 1e-6 ? 1 : fraction < 1e-6 ? 0 : fraction);
      const next = sign > 0 ? Math.floor(place) + 1 : Math.ceil(place) - 1;
      moved[axis] = grid[Math.min(grid.length - 1, Math.max(0, next))];
    }
    return clippedTo(surface, moved);
  }
  const there = event.key === "Home" ? near : /^[1-9]$/.test(event.key) ? surface.networks[Number(event.key) - 1] : undefined;
  return there && [there.x, there.y];
}

/** Two number inputs for the coordinates. */
function coordinateInputs(change) {
  const inputs = ["x", "y"].map((name, axis) => {
    const input = html("input", { type: "number", step: "any", "aria-label": `coordinate ${name}` });
    input.addEventListener("change", () => change(axis, input.valueAsNumber));
    return input;
  });
  const element = html("div", { class: "tke-numbers" }, ...inputs.map((input, axis) => html("label", {}, "xy"[axis], input)));
  const draw = ({ at, surface: { frame } }) => inputs.forEach((input, axis) => {
    fill(input, { min: frame[2 * axis], max: frame[2 * axis + 1] }, []);
    input.value = +at[axis].toFixed(3);
  });
  return { element, draw };
}

/** A table of the named networks, each with a button that goes there. */
function networksTable(data, go) {
  const body = html("tbody");
  const head = html("tr", {}, html("th", { scope: "col" }, "go to"), html("th", { scope: "col" }, data.measure), html("th", { scope: "col" }, "distance"), html("td"));
  const element = html("table", { class: "tke-table" }, html("thead", {}, head), body);
  let shown = null;
  let cells = [];
  const draw = ({ surface, rows, near }) => {
    if (shown !== surface) { // the buttons stay while the point moves, and so does the focus
      shown = surface;
      cells = rows.map(() => [html("td"), html("td"), html("td", { class: "tke-remark" })]);
      body.replaceChildren(...rows.map((network, i) => {
        const button = html("button", { type: "button", "aria-label": `go to ${network.name}` }, smallMark(network), network.name);
        button.addEventListener("click", () => go([network.x, network.y]));
        return html("tr", {}, html("th", { scope: "row" }, button), ...cells[i]);
      }));
    }
    rows.forEach((one, i) => {
      const remarks = [one === near ? "nearest" : "", one.away ? `${one.away.toFixed(2)} off the plane` : ""].filter(Boolean);
      [networkValue(data, one), one.distance.toFixed(2), remarks.join(", ")].forEach((text, c) => (cells[i][c].textContent = text));
      body.children[i].classList.toggle("tke-near", one === near);
    });
  };
  return { element, draw };
}

/** Where the line begins: the nearest network or a chosen one; other surfaces have other networks. */
function lineChoice(choose) {
  const element = html("div", { class: "tke-line-choice" });
  let shown = null;
  let control = null;
  const draw = ({ surface, line }) => {
    if (shown !== surface) {
      shown = surface;
      const names = surface.networks.map(({ name }) => [name, name]);
      control = segments("Line from", [["nearest", "nearest"], ...names], unique("tke-line"), choose);
      element.replaceChildren(control.element);
    }
    element.hidden = surface.networks.length < 2; // nothing to choose
    control.select(line);
  };
  return { element, draw };
}
