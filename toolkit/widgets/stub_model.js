// A stand-in for the Jupyter widget model: what a widget needs to live on a page without a kernel.

/** A model over a plain object; bytes arrive as {"base64": "..."} and are handed out as DataView. */
function stubModel(state) {
  const values = {};
  for (const [name, value] of Object.entries(state)) {
    const encoded = value !== null && typeof value === "object" && "base64" in value;
    values[name] = encoded ? dataView(value.base64) : value;
  }
  const listeners = [];
  return {
    listeners,
    get: (name) => values[name],
    set(name, value) {
      if (values[name] === value) return;
      values[name] = value;
      for (const [event, callback] of [...listeners]) if (event === `change:${name}`) callback();
    },
    save_changes() {},
    on: (event, callback) => listeners.push([event, callback]),
    off(event, callback) {
      const at = listeners.findIndex(([e, c]) => e === event && c === callback);
      if (at >= 0) listeners.splice(at, 1);
    },
  };
}

function dataView(base64) {
  const text = atob(base64);
  return new DataView(Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer);
}
