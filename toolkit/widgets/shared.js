// Helpers that every widget module starts with; shared_*.js hold what some of them need besides. The Python side (base.py) puts this file in front of the
// widget's own file, so that each widget stays one plain ES module: no bundler, no import, no network.

const SVG = "http://www.w3.org/2000/svg"; // a name, never fetched

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** An HTML element with attributes and children. */
function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element with attributes and children. */
function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** The outline of a square on its tip: the mark of where you are. */
function rhombus([x, y], r) {
  return `M${x} ${y - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}Z`;
}

/** A bytes trait (DataView) as a typed array; the copy takes care of alignment. */
function decode(view, Type) {
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return new Type(bytes);
}

/** Position of x in the increasing list xs: index i and fraction f, so that x = (1-f) xs[i] + f xs[i+1]. */
function locate(xs, x) {
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  const fraction = (x - xs[low]) / (xs[high] - xs[low]);
  return { index: low, fraction: Math.min(1, Math.max(0, fraction)) };
}

/** The value at x of the straight-line interpolation of (xs, ys). */
function interpolate(xs, ys, x) {
  const { index, fraction } = locate(xs, x);
  return (1 - fraction) * ys[index] + fraction * ys[index + 1];
}

/** Index of the entry of xs nearest to x. */
function nearest(xs, x) {
  const { index, fraction } = locate(xs, x);
  return fraction < 0.5 ? index : index + 1;
}

/** Between 3 and 6 round numbers inside [low, high]. */
function ticks(low, high, wanted = 4) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const values = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) values.push(i * step);
  return values;
}

/** A picture as a data URI. `colour(i)` gives [red, green, blue] of pixel i, row by row from the top. */
function bitmap(width, height, colour) {
  const stride = (3 * width + 3) & ~3;
  const bytes = new Uint8Array(54 + stride * height);
  const head = new DataView(bytes.buffer);
  bytes.set([66, 77]);
  head.setUint32(2, bytes.length, true);
  head.setUint32(10, 54, true);
  head.setUint32(14, 40, true);
  head.setInt32(18, width, true);
  head.setInt32(22, height, true);
  head.setUint16(26, 1, true);
  head.setUint16(28, 24, true);
  for (let i = 0; i < width * height; i++) {
    const row = height - 1 - Math.floor(i / width); // bitmaps are stored bottom row first, in blue-green-red
    const [red, green, blue] = colour(i);
    bytes.set([blue, green, red], 54 + row * stride + 3 * (i % width));
  }
  return "data:image/bmp;base64," + btoa(String.fromCharCode(...bytes));
}

/** Call `action` at most once in `wait` milliseconds, and always once after the last request. */
function throttled(action, wait) {
  let timer = null;
  let again = false;
  const fire = () => {
    timer = null;
    if (again) run();
  };
  const run = () => {
    again = false;
    action();
    timer = setTimeout(fire, wait);
  };
  const request = () => {
    if (timer === null) run();
    else again = true;
  };
  request.cancel = () => {
    clearTimeout(timer);
    again = false;
  };
  return request;
}

/** Native radio buttons that look like one segmented control; calls `choose(value)`. */
function segments(legend, options, name, choose) {
  const inputs = new Map();
  const box = html("fieldset", { class: "tk-segments" }, html("legend", {}, legend));
  for (const [value, label] of options) {
    const input = html("input", { type: "radio", name, value });
    input.addEventListener("change", () => choose(value));
    inputs.set(value, input);
    box.append(html("label", {}, input, html("span", {}, label)));
  }
  const select = (value) => {
    if (inputs.has(value)) inputs.get(value).checked = true;
  };
  return { element: box, select };
}

let views = 0;
/** A fresh id for one view: radio groups and gradients need names that no other view uses. */
function unique(prefix) {
  views += 1;
  return `${prefix}-${views}-${Math.random().toString(36).slice(2, 8)}`;
}
