// The data: what they are, how they look, slices and batches.

import { get, upload } from "../talk.js";
import { t } from "../words.js";
import { bars, button, bytes, card, choice, h, number, pictures, slider } from "../parts.js";

function shown(found, names) {
  if (found.pictures) return pictures(found.pictures, { names, size: 44 });
  return h("div", { class: "scroll" }, h("table", {}, (found.rows ?? []).slice(0, 20).map((row) =>
    h("tr", {}, row.slice(0, 12).map((v) => h("td", {}, number(v, 3)))))));
}

export function open(root, app) {
  let part = "train", start = 0;
  const about = h("div"), grid = h("div"), cut = h("div"), batch = h("div");
  root.append(h("h2", {}, t("data")), h("p", { class: "lead" }, t("data lead")),
    h("div", { class: "cards" }, about, grid, cut, batch));

  async function describe() {
    const found = await app.ask(() => get("data/describe", { part }));
    if (!found) return;
    const made = card(t("what it is"),
      h("div", { class: "row" }, choice(t("part"), [["train", t("training data")], ["test", t("test data")]], part,
        (value) => { part = value; start = 0; draw(); })),
      h("p", {}, found.source), h("pre", { class: "text" }, found.text));
    if (found.counts.length) {
      made.append(h("h3", {}, t("classes")), bars(found.classes, found.counts, -1, number));
    }
    if (found.editable) made.append(drop());
    about.replaceChildren(made);
    slices(found);
  }

  function drop() {
    const take = async (file) => {
      if (file && await app.ask(() => upload("data/upload", file))) { start = 0; draw(); }
    };
    const picker = h("input", { type: "file", accept: ".csv,.npz,.npy,.zip", "aria-label": t("own data"),
      onchange: () => take(picker.files[0]) });
    const place = h("div", { class: "drop", ondragover: (e) => { e.preventDefault(); place.classList.add("over"); },
      ondragleave: () => place.classList.remove("over"),
      ondrop: (e) => { e.preventDefault(); place.classList.remove("over"); take(e.dataTransfer.files[0]); } },
    h("p", {}, t("own data")), picker);
    return place;
  }

  async function samples() {
    const found = await app.ask(() => get("data/grid", { part, start, count: 60 }));
    if (!found) return;
    const names = found.labels.length ? found.labels : found.numbers;
    grid.replaceChildren(card(t("samples"), h("div", { class: "row" },
      button("←", () => { start = Math.max(0, start - 60); samples(); }, { "aria-label": t("earlier"), disabled: start === 0 }),
      h("span", {}, t("from to", { from: number(start), to: number(start + found.numbers.length), of: number(found.of) })),
      button("→", () => { start += 60; samples(); }, { "aria-label": t("later"), disabled: start + 60 >= found.of })),
    shown(found, names)));
  }

  function slices(found) {
    const cuts = found.shape.map((size) => [0, size]);
    const shape = found.pictures && found.shape.length === 2
      ? [found.shape[0], Math.sqrt(found.shape[1]), Math.sqrt(found.shape[1])] : found.shape;
    while (cuts.length < shape.length) cuts.push([0, shape[cuts.length]]);
    cuts.length = shape.length;
    shape.forEach((size, k) => { cuts[k] = k === 0 ? [0, size] : size > 20 ? [7, -7] : [0, size]; });
    const axes = shape.length === found.axes.length ? found.axes : ["samples", "height", "width"];
    const result = h("div");
    const text = () => cuts.map(([a, b], k) => {
      const from = a === 0 ? "" : a;
      const to = b === shape[k] ? "" : b;
      return `${from}:${to}`;
    }).join(",");
    async function cutOut() {
      const made = await app.ask(() => get("data/slice", { cut: text(), part }));
      if (!made) return;
      result.replaceChildren(h("pre", { tabindex: "0" }, made.code), h("p", {}, t("shape bytes", { shape: `(${made.shape.join(", ")})`, bytes: bytes(made.bytes) })), shown(made, []));
    }
    cut.replaceChildren(card(t("slices"), h("p", {}, t("slices lead")),
      h("div", { class: "fields" }, axes.slice(0, shape.length).flatMap((axis, k) => [
        slider(t("axis from", { axis }), cuts[k][0], 0, shape[k] - 1, 1, (v) => { cuts[k][0] = v; cutOut(); }),
        slider(t("axis to", { axis }), cuts[k][1] < 0 ? shape[k] + cuts[k][1] : cuts[k][1], 1, shape[k], 1,
          (v) => { cuts[k][1] = v < shape[k] && v > shape[k] / 2 && k > 0 ? v - shape[k] : v; cutOut(); }),
      ])), result));
    cutOut();
  }

  async function batches(n = 0, size = 128) {
    const found = await app.ask(() => get("data/batch", { number: n, size, part }));
    if (!found) return;
    const result = h("div");
    const fill = (made) => result.replaceChildren(h("pre", { tabindex: "0" }, made.code),
      h("p", {}, t("batch of", { shape: `(${made.shape.join(", ")})`, batches: number(made.batches) })), shown(made, []));
    const again = async () => { const made = await app.ask(() => get("data/batch", { number: n, size, part })); if (made) fill(made); };
    batch.replaceChildren(card(t("batches"), h("p", {}, t("batches lead")), h("div", { class: "fields" },
      slider(t("batch number"), n, 0, found.batches - 1, 1, (v) => { n = v; again(); }),
      slider(t("batch size"), size, 8, 200, 8, (v) => { size = v; again(); })), result));
    fill(found);
  }

  function draw() { describe(); samples(); batches(); }
  draw();
  return {};
}
