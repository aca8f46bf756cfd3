// What is drawn on maps of weight space: their ground in the colours of the table, the table's ramp, contour lines.

/** The table of 256 colours from its darkest to its lightest, for a legend. */
function colourRamp(className, colours) {
  const ramp = html("i", { class: className, "aria-hidden": "true" });
  const stops = Array.from({ length: 9 }, (_, i) => `rgb(${[...colours.subarray(3 * Math.floor((255 * i) / 8)).subarray(0, 3)]})`);
  ramp.style.background = `linear-gradient(to right, ${stops})`;
  return ramp;
}

/** The ground of a map as a picture: `shade(across, down)`, of fractions of its sides, is 0 for the darkest colour and 1 for the lightest. */
function groundOf(colours, width, height, shade) {
  const canvas = html("canvas", { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const found = shade(((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height);
    const colour = Math.round(255 * Math.min(1, Math.max(0, found)));
    image.data.set(colours.subarray(3 * colour, 3 * colour + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** Where the contour of `level` crosses small triangles: pairs of places, each mixed from `places` of their corners. */
function contour(places, triangles, values, level) {
  const pieces = [];
  for (const corners of triangles) {
    const ends = [];
    for (let c = 0; c < 3; c++) {
      const [a, b] = [corners[c], corners[(c + 1) % 3]];
      if (values[a] < level === values[b] < level) continue;
      const f = (level - values[a]) / (values[b] - values[a]);
      ends.push(places[a].map((w, d) => (1 - f) * w + f * places[b][d]));
    }
    if (ends.length === 2) pieces.push(ends);
  }
  return pieces;
}

/** A contour as a light line on a dark one; `place` puts the ends of its pieces on the page. */
function contourLines(prefix, pieces, place) {
  const d = pieces.map((ends) => `M${ends.map((end) => place(end).map((v) => v.toFixed(1)).join(" ")).join("L")}`).join("");
  return [svg("path", { class: `${prefix}-contour ${prefix}-under`, d }), svg("path", { class: `${prefix}-contour`, d })];
}
