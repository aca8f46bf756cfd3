// Beside and below the map: a table of numbers, and what the networks read in the images that divide the corners.

/** The rows of the table: name, mark, and what stands in each column. */
function tableRows(data, state) {
  const { variant } = state;
  const percent = (wrong) => SIMPLEX_METRICS.accuracy.show(1 - wrong / data.total);
  if (state.second.length) {
    const [i, j] = state.near;
    const row = (name, mark, where, a, b) => ({ name, mark, main: !mark, cells: [where, percent(variant.wrong[a * data.size + b]), String(variant.wrong[a * data.size + b])] });
    const at = (index) => saidWeights(data.weights[index]);
    return { columns: ["measured at", "accuracy", "wrong"], rows: [row("first", "◆", at(i), i, i), row("second", "◇", at(j), j, j), row("ensemble", "", "both", i, j)] };
  }
  const about = state.exact ? "" : "≈ ";
  const [accuracy, loss] = ["accuracy", "loss"].map((metric) => valueAt(data, variant[metric], state.value));
  const own = [about + SIMPLEX_METRICS.accuracy.show(accuracy), about + SIMPLEX_METRICS.loss.show(loss), about + Math.round((1 - accuracy) * data.total)];
  const corners = CORNERS.map((name, c) => {
    const index = nearestPoint(data, [0, 1, 2].map((d) => Number(c === d)));
    return { name, mark: "●■▲"[c], corner: c + 1, cells: [SIMPLEX_METRICS.accuracy.show(variant.accuracy[index]), SIMPLEX_METRICS.loss.show(variant.loss[index]), String(variant.wrong[index * data.size + index])] };
  });
  return { columns: ["accuracy", "loss", "wrong"], rows: [{ name: "point", mark: "◆", main: true, cells: own }, ...corners] };
}

/** What to make of the table, in a sentence. */
function tableNote(data, state) {
  const { variant, near: [i, j] } = state;
  const kind = data.images ? "test images" : "test examples";
  if (!state.second.length) return `Wrong: of ${data.total} ${kind}. ${state.exact ? "Measured just here." : "≈ lies between measured points."}`;
  if (i === j) return "Both points are nearest to the same network: an ensemble of one.";
  const differ = variant.differ[i * data.size + j];
  const better = Math.min(variant.wrong[i * data.size + i], variant.wrong[j * data.size + j]);
  const gain = (100 * (better - variant.wrong[i * data.size + j])) / data.total;
  const verdict = gain > 0 ? `${gain.toFixed(1)} points above` : gain < 0 ? `${(-gain).toFixed(1)} points below` : "level with";
  return `They read ${differ} of ${data.total} ${kind} differently (${((100 * differ) / data.total).toFixed(1)}\u00a0%). The ensemble is ${verdict} its better member.`;
}

/** The same as one sentence, for a screen reader. */
function spokenState(data, state) {
  const { columns, rows } = tableRows(data, state);
  const row = ({ name, cells }) => `${name}: ${cells.map((cell, i) => `${columns[i]} ${cell.replace("≈", "about")}`).join(", ")}`;
  const where = state.second.length ? "" : `weights ${saidWeights(state.value)}; `;
  return `${where}${(state.second.length ? rows : rows.slice(0, 1)).map(row).join("; ")}. ${tableNote(data, state)}`;
}

function numbersTable() {
  const table = html("table", { class: "tks-table" });
  const note = html("p", { class: "tks-note" });
  const element = html("section", { class: "tks-numbers" }, table, note);
  const draw = (data, state) => {
    const { columns, rows } = tableRows(data, state);
    const head = html("tr", {}, html("td"), ...columns.map((name) => html("th", { scope: "col" }, name)));
    table.replaceChildren(html("thead", {}, head), html("tbody", {}, ...rows.map(({ name, mark, corner, main, cells }) =>
      html("tr", { class: main ? "tks-main" : "" }, html("th", { scope: "row" }, html("i", { class: corner ? `tks-mark-${corner}` : "", "aria-hidden": "true" }, mark), name),
        ...cells.map((cell, i) => html("td", { class: columns[i] === "measured at" ? "tks-where" : "" }, cell))))));
    note.textContent = tableNote(data, state);
  };
  return { element, draw };
}

/** The images that divide the corners, with what is read in them at the nearest measured points. */
function dividedStrip(data) {
  const { count, channels, height, width } = data.images;
  const size = height * width;
  const note = html("span", { class: "tks-wrong-count" });
  const title = html("h4");
  const caption = html("p", { class: "tk-caption" });
  const grid = html("ol", { class: "tks-digits" });
  const tiles = Array.from({ length: count }, () => {
    const [picture, members, answer, truth] = [html("img", { draggable: "false" }), html("small"), html("strong"), html("small")];
    const tile = html("li", {}, html("span", { class: channels === 3 ? "tks-photo" : "tks-ink" }, picture), members, answer, truth);
    grid.append(tile);
    return { tile, picture, members, answer, truth };
  });
  const element = html("section", {}, html("div", { class: "tks-head" }, title, note), grid, caption);

  function draw(variant) {
    tiles.forEach(({ picture }, i) => {
      const at = (channel, pixel) => variant.pixels[(i * channels + channel) * size + pixel];
      const ink = (pixel) => (channels === 3 ? [0, 1, 2].map((c) => at(c, pixel)) : Array(3).fill(255 - at(0, pixel)));
      picture.src = bitmap(width, height, ink);
      picture.alt = `image of ${data.classes[variant.labels[i]]}`;
    });
    caption.textContent = `The corners of this triangle do not read ${variant.divided} of ${data.total} test images alike; ` +
      `here are the ${count} that divide them most. Shown is the reading at the nearest measured point.`;
  }

  function move(state) {
    const two = state.second.length > 0;
    const { labels } = state.variant;
    const said = readings(data, state, two ? [0, 1] : [0]);
    const members = two ? [0, 1].map((m) => readings(data, state, [m])) : [];
    const name = (answer, i) => (answer === labels[i] ? "" : "✗ ") + data.classes[answer];
    tiles.forEach((entry, i) => {
      const right = said[i] === labels[i];
      entry.tile.className = right ? "tks-right" : "tks-wrong";
      entry.members.hidden = !two;
      entry.members.textContent = two ? `◆ ${data.classes[members[0][i]]} ◇ ${data.classes[members[1][i]]}` : "";
      entry.answer.textContent = name(said[i], i);
      entry.truth.textContent = right ? "right" : `not ${data.classes[labels[i]]}`;
    });
    const wrong = said.filter((answer, i) => answer !== labels[i]).length;
    title.textContent = two ? "What the ensemble reads" : "What the network reads";
    note.textContent = `${wrong} of these ${count} wrong`;
  }

  return { element, draw, move };
}
