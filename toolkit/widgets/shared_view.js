// What every view does between its first drawing and its end: change the model, follow it, follow its room, speak.

const BORDERS = 28; // pixels of padding and border of a widget, see .tk in shared.css

/** Change traits, sent at once and all together: the kernel must never see one without the others, and its echo of an
 *  older value would overwrite one that is not yet on its way. */
function save(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

/** A line that only screen readers get, see `throttled`. */
function spokenLine() {
  return html("p", { class: "tk-spoken", role: "status", "aria-live": "polite" });
}

/** The width a widget has for its parts. */
function roomIn(root) {
  return Math.max(240, root.clientWidth - BORDERS); // not yet on the page: nothing is 0 wide
}

/** `draw`, to be asked for any number of times and done once: several traits change together. */
function gathered(root, draw) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      if (root.isConnected) draw();
    });
  };
}

/** Put a widget on the page and keep it true: `draw` now and whenever `resized()` says so, and for every [trait, action]
 *  the action when the trait changes. Returns what takes all of it away again, `ends` first. */
function runView({ model, el }, root, { draw, traits, resized, watched = root, ends = [] }) {
  root.addEventListener("keydown", (event) => event.stopPropagation()); // else notebook shortcuts take the keys
  el.append(root);
  const events = traits.map(([name, action]) => [`change:${name}`, action]);
  for (const [event, action] of events) model.on(event, action);
  const sizes = new ResizeObserver(() => {
    if (resized()) requestAnimationFrame(draw);
  });
  sizes.observe(watched);
  draw();
  return () => {
    for (const end of ends) end();
    sizes.disconnect();
    for (const [event, action] of events) model.off(event, action);
    root.remove();
  };
}
