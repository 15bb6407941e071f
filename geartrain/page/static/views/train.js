// Training: curves, and what weights, gradients, updates and units do.

import { get, live } from "../talk.js";
import { t } from "../words.js";
import { button, card, choice, colour, curves, h, histogram, number, pictures } from "../parts.js";

export function open(root, app) {
  const loss = h("div"), metric = h("div"), layers = h("div", { class: "wide" }), filters = h("div"), confusion = h("div"), hardest = h("div");
  root.append(h("h2", {}, t("train")), h("p", { class: "lead" }, t("train lead")),
    h("div", { class: "cards" }, loss, metric, layers, filters, confusion, hardest));
  let log = false, asked = 0, turn = 0, left = false;

  function draw() {
    const names = [...new Set(app.runs.flatMap((run) => [...run.points, ...run.epochs].flatMap((p) => Object.keys(p[2]))))];
    const shown = app.runs.slice(-6);
    const lines = (name) => shown.flatMap((run, k) => [
      { name: `${run.name}`, colour: colour(k), points: run.points.map((p) => [p[0], p[2][name] ?? null]) },
      ...(run.epochs.some((p) => p[2][`val_${name}`] != null) ? [{ name: `${t("validation")} ${k + 1}`, dashed: true, colour: colour(k),
        points: run.epochs.map((p) => [p[0], p[2][`val_${name}`] ?? null]) }] : []),
    ]);
    loss.replaceChildren(card(t("loss"), h("label", {}, h("input", { type: "checkbox", checked: log,
      onchange: () => { log = !log; draw(); } }), t("logarithmic")),
    curves(lines("loss"), { label: t("loss"), log })));
    const other = names.find((name) => name !== "loss" && !name.startsWith("val_"));
    metric.replaceChildren(...(other ? [card(other, curves(lines(other), { label: other }))] : []));
  }

  async function look() {
    if (!live || left || performance.now() - asked < 700) return;
    asked = performance.now();
    const mine = turn += 1;
    const quiet = async (path) => { try { return await get(path); } catch (error) { return { error }; } };
    const [inside, seen, taken, hard] = await Promise.all(
      ["train/layers", "train/filters", "train/confusion", "train/hardest"].map(quiet));
    if (left || mine !== turn) return; // what was asked later is what counts
    const missing = (title, found) => card(title, h("p", {}, found.error.message));
    layers.replaceChildren(inside.error ? missing(t("layers"), inside) : table(inside));
    filters.replaceChildren(seen.error ? missing(t("filters"), seen) : card(t("filters"),
      h("p", {}, t("filters lead", { layer: seen.layer })), pictures(seen.pictures, { signed: true, size: 48 })));
    confusion.replaceChildren(taken.error ? missing(t("confusion"), taken) : matrix(taken));
    hardest.replaceChildren(hard.error ? missing(t("hardest"), hard) : card(t("hardest"),
      h("p", {}, t("hardest lead", { n: hard.of })), hard.pictures
        ? pictures(hard.pictures, { size: 44, names: hard.losses.map((v, k) => `${hard.labels[k] ?? ""} ${number(v, 2)}`) })
        : h("p", {}, hard.losses.map((v) => number(v, 3)).join(", "))));
  }

  function table(found) {
    const rows = found.layers.flatMap((layer) => layer.weights.map((w, k) => h("tr", { class: layer.name === app.layer ? "chosen" : "" },
      h("th", { scope: "row" }, button(`${layer.name}.${w.name}`, () => app.choose(layer.name))),
      ...["weights", "gradients", "updates"].map((name) => h("td", {}, histogram(w[name], { label: `${t(name)} ${layer.name}.${w.name}` }))),
      h("td", {}, w.updates && w.weights.norm ? `${number(w.updates.norm / w.weights.norm, 2)}` : "–"),
      h("td", {}, k === 0 && layer.units ? t("dead of", { dead: layer.dead, units: layer.units }) : ""))));
    return card(t("layers"), h("p", {}, t("layers lead", { n: found.samples })), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("layers") }, h("table", {},
      h("thead", {}, h("tr", {}, ["layer", "weights", "gradients", "updates", "ratio", "units"].map((name) => h("th", { scope: "col" }, t(name))))),
      h("tbody", {}, rows))));
  }

  function matrix(found) {
    const wrong = h("div");
    const most = Math.max(...found.counts.flatMap((row, i) => row.filter((_, j) => i !== j)), 1);
    const cell = (count, i, j) => {
      const td = h("td", {}, count && i !== j ? button(String(count), () => pick(i, j), { "aria-label": t("taken for", { n: count, right: found.classes[i], said: found.classes[j] }) }) : String(count || "·"));
      if (i !== j && count) td.style.background = `color-mix(in srgb, var(--accent) ${Math.round((30 * count) / most)}%, transparent)`;
      if (i === j) td.style.color = "var(--good)";
      return td;
    };
    async function pick(i, j) {
      const those = await app.ask(() => get("train/confused", { right: i, said: j }));
      if (those) wrong.replaceChildren(h("p", {}, t("taken for", { n: those.numbers.length, right: found.classes[i], said: found.classes[j] })), those.pictures ? pictures(those.pictures) : "");
    }
    return card(t("confusion"), h("p", {}, t("confusion lead", { n: number(found.samples), accuracy: (100 * found.accuracy).toFixed(1) })),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("confusion") }, h("table", {},
        h("thead", {}, h("tr", {}, h("td"), found.classes.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, found.counts.map((row, i) => h("tr", {}, h("th", { scope: "row" }, found.classes[i]), row.map((c, j) => cell(c, i, j))))))), wrong);
  }

  draw();
  look();
  const clock = setInterval(() => { if (app.mode === "run" || app.mode === "epoch") look(); }, 1500);
  return {
    leave() { left = true; clearInterval(clock); },
    on(event) {
      if (["point", "epoch", "run", "network"].includes(event)) draw();
      if (["epoch", "mode", "network", "choose", "end"].includes(event)) { asked = 0; look(); }
    },
  };
}
