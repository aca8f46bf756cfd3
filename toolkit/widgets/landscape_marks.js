// The marks of networks: one shape and one colour each, the same as in every figure of the course.

const [STAR, TURNED] = [4, 3];
const SIDES = { 1: 4, 2: 3, 3: 3, 5: 5, 6: 6 };

/** The outline of a look: disc, square, triangle, triangle on its tip, star, pentagon, hexagon. */
function markShape(look, [x, y], r) {
  if (look === 0) return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  const count = look === STAR ? 10 : SIDES[look];
  const turn = look === 1 ? Math.PI / 4 : look === TURNED ? Math.PI : 0;
  const corners = Array.from({ length: count }, (_, i) => {
    const far = look === STAR ? (i % 2 ? 0.55 : 1.4) * r : 1.2 * r;
    const angle = turn + (2 * Math.PI * i) / count;
    return `${(x + far * Math.sin(angle)).toFixed(2)} ${(y - far * Math.cos(angle)).toFixed(2)}`;
  });
  return `M${corners.join("L")}Z`;
}

/** A network's mark. */
function networkMark({ look }, place, r = 7) {
  return svg("path", { class: `tke-mark tke-look-${look}`, d: markShape(look, place, r) });
}

/** The same beside words. */
function smallMark(network) {
  return svg("svg", { class: "tke-small", width: 18, height: 18, "aria-hidden": "true" }, networkMark(network, [9, 9], 5.5));
}
