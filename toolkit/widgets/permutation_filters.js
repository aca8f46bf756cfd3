// First-layer filters: A's strongest stay where they are, B's walk below them.

function filtersPanel(data) {
  const { group: g, order, size: [height, width], pixels } = data.filters;
  const group = data.groups[g];
  const area = width * height;
  const picture = (index) => html("img", { alt: "", draggable: "false", decoding: "sync",
    src: painted(width, height, (pixel) => signed(pixels[index * area + pixel] / 127)) });
  const tile = (name, index, label) => html("div", { class: `tkp-tile ${name}` }, html("span", { class: "tkp-ink" }, picture(index)), label);
  const row = (name, letter, tiles) => [html("strong", { class: `tkp-name ${name}` }, letter), html("div", { class: "tkp-row" }, ...tiles)];
  const ofA = order.map((unit, i) => tile("tkp-of-a", i, html("small", {}, unit)));
  const labels = Array.from({ length: group.size }, () => html("small"));
  const ofB = labels.map((label, unit) => tile("tkp-of-b", order.length + unit, label));
  const pairs = order.map(() => html("small", { class: "tkp-pair" }));
  const ranks = [...order, ...Array.from({ length: group.size }, (_, i) => i).filter((i) => !order.includes(i))];
  const rows = html("div", { class: "tkp-rows", role: "img" }, ...row("tkp-a", "A", ofA), ...row("tkp-b", "P(B)", ofB), ...row("tkp-r", "r", pairs));
  const note = html("span", { class: "tkp-side-note" });
  const element = html("section", { class: "tkp-filters" }, html("div", { class: "tkp-head" }, html("h4", {}, `First-layer filters (${group.name})`), note), rows);
  let shape = null;

  /** Put A's tiles in place for a panel of this width. */
  function layout(full) {
    const inView = Math.min(order.length, full < 560 ? 8 : 16);
    const step = Math.min(76, (full - 44) / inView);
    shape = { inView, step };
    rows.style.setProperty("--step", `${step}px`);
    rows.style.setProperty("--tall", `${((step - 6) * height) / width + 18}px`);
    for (const [i, place] of [...ofA, ...pairs].entries()) {
      place.style.transform = `translateX(${(i % order.length) * step}px)`;
      place.classList.toggle("tkp-out", i % order.length >= inView);
    }
  }

  function draw({ perms, last }) {
    const perm = perms[g];
    const swapped = last?.group === g ? last.places : [];
    let home = 0;
    ranks.forEach((place, rank) => {
      const unit = perm[place];
      const [node, there] = [ofB[unit], data.goal[g][place] === unit];
      const moved = swapped.includes(place);
      home += there && rank < shape.inView ? 1 : 0;
      node.style.transform = `translateX(${Math.min(rank, shape.inView + 1) * shape.step}px)`;
      node.classList.toggle("tkp-out", rank >= shape.inView);
      node.classList.toggle("tkp-moved", moved);
      labels[unit].textContent = `${unit}${there ? " ✓" : ""}`;
      if (rank < order.length && group.watched) pairs[rank].textContent = minus(correlation(group, place, unit));
    });
    note.textContent = `✓ in its final place: ${home} of ${shape.inView} · framed: swapped last · r: correlation`;
    rows.setAttribute("aria-label", `the ${shape.inView} strongest filters of A, and below each the one at its place in P(B); ${home} stand in their final place`);
  }

  return { element, layout, draw };
}
