// What a page of the site can do: search over all headings and topics, folds open in print. Without it all can be read.

/** Open every fold for the printer, and close those again that were closed. */
function foldsInPrint() {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open])")];
    for (const fold of opened) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
  });
}

const simple = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

/** The headings that hold every word of the query; those that begin with it come first. */
function find(index, query) {
  const words = simple(query).split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const score = (entry) => (simple(entry.text).includes(words.join(" ")) ? 0 : 1) + (entry.level === 1 ? 0 : 0.5);
  return index
    .filter((entry) => words.every((word) => simple(`${entry.page} ${entry.text}`).includes(word)))
    .map((entry, at) => ({ entry, at, score: score(entry) }))
    .sort((a, b) => a.score - b.score || a.at - b.at)
    .slice(0, 40)
    .map(({ entry }) => entry);
}

/** How many places were found; where there are none, what was searched and where else to look. */
function said(number) {
  if (number) return `${number} ${number === 1 ? "heading" : "headings"}`;
  return "Nothing found in the headings and topics; the text is not searched. For this page: Esc, then Ctrl-F (⌘-F).";
}

function search() {
  const box = document.getElementById("search");
  const [input, list, count] = ["#query", "#found", "#count"].map((name) => box.querySelector(name));
  const index = JSON.parse(document.getElementById("index").textContent);
  let at = -1;

  function select(next) {
    const options = [...list.children];
    at = options.length ? (next + options.length) % options.length : -1;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    options[at]?.scrollIntoView({ block: "nearest" });
    if (at >= 0) input.setAttribute("aria-activedescendant", options[at].id);
    else input.removeAttribute("aria-activedescendant");
  }

  function show() {
    const found = find(index, input.value);
    list.replaceChildren(
      ...found.map(({ page, text, href }, i) => {
        const link = document.createElement("a");
        link.href = href;
        link.tabIndex = -1;
        link.append(Object.assign(document.createElement("span"), { textContent: page }), text);
        const item = document.createElement("li");
        item.id = `found-${i}`;
        item.setAttribute("role", "option");
        item.append(link);
        return item;
      }),
    );
    count.textContent = input.value.trim() ? said(found.length) : "";
    input.setAttribute("aria-expanded", String(found.length > 0));
    select(0);
  }

  function open() {
    if (!box.open) box.showModal();
    input.select();
    show();
  }

  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") select(at + 1);
    else if (event.key === "ArrowUp") select(at - 1);
    else if (event.key === "Escape") box.close(); // at once, also where the browser would first empty the field
    else if (event.key === "Enter") list.children[at]?.firstChild.click();
    else return;
    event.preventDefault();
  });
  box.addEventListener("click", (event) => {
    if (event.target === box || event.target.closest("a")) box.close(); // beside it, or on a result
  });
  document.getElementById("find").addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const wanted = (event.key === "/" && !typing) || (event.key === "k" && (event.ctrlKey || event.metaKey));
    if (!wanted || event.altKey) return;
    event.preventDefault();
    open();
  });
}

search();
foldsInPrint();
