// Brings each widget to life when the reader comes near it. Its module and state stand in the page as JSON.
// Browsers refuse to import modules from disk, but not from memory: hence the Blob.

const modules = new Map();

function read(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** The module of a widget class, loaded once. */
function load(key) {
  if (!modules.has(key)) {
    const address = URL.createObjectURL(new Blob([read(`module-${key}`)], { type: "text/javascript" }));
    modules.set(key, import(address).then(({ default: widget }) => widget));
  }
  return modules.get(key);
}

async function mount(figure) {
  if (figure.dataset.mounted) return;
  figure.dataset.mounted = "soon";
  try {
    const widget = await load(figure.dataset.module);
    const model = stubModel(read(`state-${figure.id}`));
    const el = figure.querySelector(".live");
    await widget.initialize?.({ model });
    await widget.render({ model, el });
    figure.model = model;
    figure.dataset.mounted = "yes";
  } catch (error) {
    figure.dataset.mounted = "no"; // the picture stays
    console.error(`${figure.dataset.class} could not be mounted:`, error);
  }
}

function mountAll() {
  const figures = document.querySelectorAll("figure.widget");
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        mount(target);
      }
    },
    { rootMargin: "600px" },
  );
  for (const figure of figures) near.observe(figure);
}

mountAll();
