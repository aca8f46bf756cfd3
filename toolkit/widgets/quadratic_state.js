// The race on the noisy quadratic, computed here: second moments of every direction, step by step, as quadratic_curves.py has them.

const RANKED = ["average", "swa", "slow", "sgd"]; // what would be deployed at the price of one run
const QUADRATIC_TRAITS = ["condition", "lr", "late_share", "members", "gamma", "start", "axis", "budget"];

/** Curvatures from 1 down to 1 / condition; the noise has variances as large. */
function curvatures({ condition, spec }) {
  return Array.from({ length: spec.directions }, (_, i) => condition ** (-i / (spec.directions - 1)));
}

/** Expected loss that goes with second moments. */
function lossOf(h, moments) {
  return h.reduce((sum, hi, i) => sum + (hi * moments[i]) / 2, 0);
}

/** Steps of v -> (1 - lr h)^2 v + lr^2 h share: the moments before the first and after each. */
function settling(h, lr, share, steps, moments) {
  const path = [moments];
  for (let t = 0; t < steps; t++) path.push(path[t].map((v, i) => (1 - lr * h[i]) ** 2 * v + lr ** 2 * h[i] * share));
  return path;
}

/** Moments of the mean of the iterates after the first of a path of SGD, after each of them. */
function meanOfIterates(h, lr, path) {
  let mixed = h.map(() => 0);
  let square = mixed;
  return path.slice(1).map((now, t) => {
    square = square.map((q, i) => q + 2 * (1 - lr * h[i]) * mixed[i] + now[i]);
    mixed = mixed.map((c, i) => (1 - lr * h[i]) * c + now[i]);
    return square.map((q) => q / (t + 1) ** 2);
  });
}

/** Where SGD settles; where the mean of `steps` settled iterates lies. */
function settledAt(h, lr, share = 1) {
  return h.map((hi) => (lr * share) / (2 - lr * hi));
}
function settledMean(h, lr, steps) {
  return settledAt(h, lr).map((v, i) => {
    const rho = 1 - lr * h[i];
    return (v / steps) * ((1 + rho) / (1 - rho) - (2 * rho * (1 - rho ** steps)) / (steps * (1 - rho) ** 2));
  });
}

/** The traits, and what follows from them. */
function quadraticSetting(model) {
  const given = Object.fromEntries(QUADRATIC_TRAITS.map((name) => [name, model.get(name)]));
  const { lr, late_share: share, members, budget, start } = given;
  const setting = { ...given, spec: model.get("_spec") };
  const { grain } = setting.spec;
  const gamma = given.gamma === "mean" ? 1 / members : 1;
  const [shared, late] = [(1 - share) * lr, share * lr];
  const h = curvatures(setting);
  const effective = late + gamma * members * shared;
  return { ...setting, h, shared, late, effective, release: grain * Math.floor((start * budget) / grain + 0.5),
    diverging: h.filter((hi) => effective * hi >= 2).length };
}

/** The curves by name: x, loss, settled, cost. */
function race(setting) {
  const { h, lr, late, effective, members: k, budget, release, axis, spec } = setting;
  const after = budget - release;
  const first = settling(h, lr, 1, release, h.map(() => spec.error ** 2));
  const fork = first[release];
  const plain = settling(h, lr, 1, after, fork);
  const curve = (moments, settled, begin, cost, stride = 1) =>
    ({ x: moments.map((_, i) => begin + stride * i), loss: moments.map((m) => lossOf(h, m)), settled: lossOf(h, settled), cost });
  const curves = {
    sgd: curve([...first, ...plain.slice(1)], settledAt(h, lr), 0, budget),
    slow: curve(settling(h, lr / k, 1, after, fork), settledAt(h, lr / k), release, budget),
    swa: curve([fork, ...meanOfIterates(h, lr, plain)], settledMean(h, lr, after), release, budget),
  };
  if (!setting.diverging) {
    const stride = axis === "minibatches" ? k : 1;
    const rounds = Math.floor(after / stride);
    const [average, around] = [settling(h, effective, 1 / k, rounds, fork), settling(h, late, 1 - 1 / k, rounds, h.map(() => 0))];
    const ends = [settledAt(h, effective, 1 / k), settledAt(h, late, 1 - 1 / k)];
    const sum = (a, b) => a.map((v, i) => v + b[i]);
    curves.average = curve(average, ends[0], release, release + k * rounds, stride);
    curves.member = curve(average.map((m, t) => sum(m, around[t])), sum(...ends), release, release + k * rounds, stride);
  }
  curves.runs = curve(settling(h, lr, 1 / k, budget, first[0]), settledAt(h, lr, 1 / k), 0, k * budget);
  return curves;
}

/** The loss at the end of a curve. */
function finalOf(curve) {
  return curve.loss[curve.loss.length - 1];
}

/** A number with at most so many digits, no zeros behind them. */
function brief(value, digits = 4) {
  return String(+value.toPrecision(digits));
}

function showLoss(loss) {
  return loss.toPrecision(3);
}

function curveName(name, k) {
  return { sgd: "SGD", slow: `SGD at η/${k}`, swa: "SWA", average: "late-phase average", member: "late-phase member", runs: `mean of ${k} run${k > 1 ? "s" : ""}` }[name];
}

/** What is particular about the late phase, where it is: one member only, or divergence and its directions. */
function warning({ members, diverging, h, late, shared, effective }) {
  if (members === 1) return "With K = 1 late-phase training is SGD.";
  if (!diverging) return "";
  const more = `directions 1 ${diverging === 2 ? "and" : "to"} ${diverging} (h = 1 to ${brief(h[diverging - 1], 3)})`;
  return `The late phase diverges in ${diverging === 1 ? "direction 1 (h = 1)" : more}: with γ = 1 its effective learning rate is ` +
    `${brief(late)} + ${members} × ${brief(shared)} = ${brief(effective)}, and ${brief(effective)} h is 2 or more there.`;
}

/** What the result costs in minibatches. */
function price({ axis, members: k }, curves) {
  if (k === 1) return "";
  const runs = `The mean of ${k} runs reaches ${showLoss(finalOf(curves.runs))} with ${curves.runs.cost} minibatches.`;
  if (axis === "minibatches" || !curves.average) return runs;
  const ratio = finalOf(curves.sgd) / finalOf(curves.average);
  const times = ratio >= 1 ? `${ratio.toFixed(1)} times below` : `${(1 / ratio).toFixed(1)} times above`;
  return `The late-phase average is ${times} SGD, ${ratio >= 1 ? "but" : "and"} took ${curves.average.cost} minibatches where SGD took ${curves.sgd.cost}. ${runs}`;
}

/** What is special, who has the lowest loss at the end, and at what price: three texts, each maybe empty. */
function verdict(setting, curves) {
  const { members: k, budget, axis } = setting;
  const ranked = RANKED.filter((name) => curves[name] && (k > 1 || name === "swa" || name === "sgd"));
  ranked.sort((a, b) => finalOf(curves[a]) - finalOf(curves[b]));
  const [first, ...rest] = ranked.map((name) => `${curveName(name, k)} ${showLoss(finalOf(curves[name]))}`);
  return [warning(setting), `Lowest of the single runs after ${budget} ${axis}: ${first}; then ${rest.join(", ")}.`, price(setting, curves)];
}
