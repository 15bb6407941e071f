// The network: its layers as gears, what runs along the edges, and the code that does the same.

import { get, post } from "../talk.js";
import { t } from "../words.js";
import { button, bytes, card, choice, field, h, number, s } from "../parts.js";

export function gear(teeth = 10) {
  const made = s("svg", { viewBox: "-20 -20 40 40", "aria-hidden": "true" });
  for (let k = 0; k < teeth; k += 1) {
    made.append(s("rect", { x: -2.6, y: -19, width: 5.2, height: 8, rx: 1.2, fill: "currentColor",
      transform: `rotate(${(360 * k) / teeth})` }));
  }
  made.append(s("circle", { r: 12.5, fill: "none", stroke: "currentColor", "stroke-width": 5 }));
  return made;
}

const dimensions = (shape) => `(${(shape ?? []).map((v) => v ?? "batch").join(", ")})`;

export function open(root, app) {
  const train = h("div", { class: "train" }), side = h("div"), settings = h("div"), code = h("div");
  root.append(h("h2", {}, t("network")), h("p", { class: "lead" }, t("network lead")),
    h("section", { class: "card" }, train), h("div", { class: "cards", style: "margin-top:1rem" }, side, settings, code));
  let found = null;

  // What the server is asked to build: layers that stay, and those that are new or changed.
  const kept = () => found.layers.map((_, place) => ({ kept: place }));
  async function change(layers, chosen) {
    const made = await app.ask(() => post("network/change", { layers, settings: chosen }));
    if (made) { found = made; draw(); }
  }

  function edge(shape, count) {
    return h("span", { class: "edge" }, dimensions(shape), h("small", {}, count ? t("a sample", { bytes: bytes(count) }) : ""));
  }

  function draw() {
    if (!found.layers.some((layer) => layer.name === app.layer)) app.layer = found.layers[0]?.name ?? null;
    train.replaceChildren(edge(found.input, 4 * found.input.slice(1).reduce((a, b) => a * b, 1)),
      ...found.layers.flatMap((layer) => [
        h("button", { type: "button", class: "gear", "aria-pressed": String(layer.name === app.layer),
          onclick: () => { app.choose(layer.name); } },
        gear(Math.max(7, Math.min(18, Math.round(6 + Math.log2(1 + layer.numbers / 64))))),
        h("strong", {}, layer.kind), h("small", {}, layer.name),
        h("small", {}, t("numbers", { n: number(layer.numbers) }))),
        edge(layer.output, layer.sample_bytes),
      ]));
    chosen();
    if (found.editable) { chooseSettings(); code.replaceChildren(program()); }
  }

  function program() {
    return card(t("code"), h("p", {}, t("code lead")), h("pre", { tabindex: "0" }, found.code),
      h("p", {}, button(t("copy"), () => navigator.clipboard.writeText(found.code))));
  }

  function chosen() {
    const place = found.layers.findIndex((layer) => layer.name === app.layer);
    const layer = found.layers[place];
    if (!layer) return side.replaceChildren();
    const made = card(`${layer.kind} · ${layer.name}`, h("pre", { tabindex: "0" }, layer.code),
      h("ul", {}, layer.weights.map((w) => h("li", {}, `${w.name} ${dimensions(w.shape)}`))),
      h("p", {}, t("numbers bytes", { n: number(layer.numbers), bytes: bytes(layer.bytes) })));
    if (found.editable) made.append(...edit(layer, place));
    return side.replaceChildren(made);
  }

  function edit(layer, place) {
    const known = found.kinds[layer.kind];
    const value = { ...(known ?? {}), ...layer.arguments };
    const put = (name) => (given) => {
      const layers = kept();
      const made = { kind: layer.kind };
      for (const key of Object.keys(known)) made[key] = value[key];
      made[name] = name === "activation" ? given : Number(given);
      layers[place] = made;
      change(layers);
    };
    const fields = Object.entries(known ?? {}).filter(([, v]) => !Array.isArray(v)).map(([name]) => name === "activation"
      ? choice(name, found.activations, value.activation ?? "linear", put(name))
      : field(name, value[name], put(name), { min: "0", step: name === "rate" ? "0.05" : "1" }));
    let kind = "Dense";
    return [h("div", { class: "fields" }, fields), h("div", { class: "row", style: "margin-top:.8rem" },
      choice(t("new layer"), Object.keys(found.kinds), kind, (v) => { kind = v; }),
      button(t("add before"), () => { const layers = kept(); layers.splice(place, 0, { kind, ...found.kinds[kind] }); change(layers); }),
      button(t("remove"), () => { const layers = kept(); layers.splice(place, 1); change(layers); }, { disabled: found.layers.length < 2 }))];
  }

  function chooseSettings() {
    const now = found.settings;
    const put = (name) => (value) => change(kept(), name === "optimizer"
      ? { optimizer: value, learning_rate: found.optimizers[value] } : { [name]: value });
    settings.replaceChildren(card(t("settings"), h("div", { class: "fields" },
      choice(t("optimizer"), Object.keys(found.optimizers), now.optimizer, put("optimizer")),
      field(t("learning rate"), now.learning_rate, put("learning_rate"), { step: "any", min: "0" }),
      choice(t("loss"), found.losses, now.loss, put("loss")),
      field(t("batch size"), now.batch_size, put("batch_size"), { min: "1" }),
      field(t("epochs"), now.epochs, put("epochs"), { min: "1" }),
      field(t("seed"), now.seed, put("seed"), { min: "0" })), h("p", {}, t("settings lead"))));
  }

  app.ask(() => get("network/describe")).then((made) => { if (made) { found = made; draw(); } });
  return { on(event) { if (event === "choose" && found) draw(); } };
}
