// What is drawn on charts of more than one widget: rules with their values, and labels that stand clear of one another.

const LETTER = 6.8; // width of a letter of a label at most, in pixels

/** A level of a chart, from `left` to `right` at the height y, with its value before it. */
function levelRule(className, [left, right], y, value, away = 7) {
  return svg("g", { class: className }, svg("line", { x1: left, x2: right, y1: y, y2: y }),
    svg("text", { x: left - away, y: y + 4, "text-anchor": "end" }, value));
}

/** Heights for labels that want to stand at `wanted`, at least `gap` apart, inside [top, floor]. */
function apart(wanted, gap, top, floor) {
  const order = wanted.map((_, i) => i).sort((i, j) => wanted[i] - wanted[j]);
  const found = [...wanted];
  let least = top;
  for (const i of order) {
    found[i] = Math.max(found[i], least);
    least = found[i] + gap;
  }
  let most = floor;
  for (const i of order.reverse()) {
    found[i] = Math.min(found[i], most);
    most = found[i] - gap;
  }
  return found;
}

/** A text cut to a number of letters. */
function cut(text, letters) {
  return text.length > letters ? `${text.slice(0, Math.max(1, letters - 2)).trimEnd()}…` : text;
}
