// Geometry: layer by layer, what a network does to the plane, and where the digits end up.

import { contours } from "../libraries/d3.js";
import { get, post } from "../talk.js";
import { t } from "../words.js";
import { button, card, choice, colour, curves, field, h, number, s, slider } from "../parts.js";

const SIZE = 420, LINES = 25, FINE = 61;
const ACTIVATE = { relu: (v) => Math.max(v, 0), tanh: Math.tanh, sigmoid: (v) => 1 / (1 + Math.exp(-v)), linear: (v) => v };

export function open(root, app) {
  const folded = h("div"), plane = h("div"), learn = h("div"), digits = h("div");
  let now = null, points = null, stage = 0, own = [], drawing = false, running = false, record = [];
  const wanted = { points: "moons", widths: [2, 2], activation: "tanh", seed: 0, rate: 0.02 };
  root.append(h("h2", {}, t("geometry")), h("p", { class: "lead" }, t("geometry lead")), h("div", { class: "cards" }, learn, plane, folded, digits));

  async function start() {
    stop();
    const given = drawing ? own : wanted.points;
    const found = await app.ask(() => post("geometry/start", { ...wanted, points: given }));
    if (!found) return;
    now = found; points = found.x.map((p, k) => [...p, found.y[k]]); stage = 0; record = [[0, found.loss]];
    draw();
  }
  async function train(epochs) {
    const found = await app.ask(() => post("geometry/train", { epochs }));
    if (!found) return stop();
    now = found; record.push([found.epochs, found.loss]);
    return draw();
  }
  function stop() { running = false; }
  async function run() { // one question after the other, however long an answer takes
    running = true;
    while (running) {
      await train(5);
      await new Promise((wake) => setTimeout(wake, 60));
    }
    controls();
  }

  function controls() {
    const width = wanted.widths[0], depth = wanted.widths.length;
    const put = (name) => (value) => { wanted[name] = value; start(); };
    learn.replaceChildren(card(t("a small network"), h("div", { class: "fields" },
      choice(t("points"), ["moons", "spirals", "rings", "paper", "own"].map((name) => [name, t(`points ${name}`)]), drawing ? "own" : wanted.points,
        (value) => { drawing = value === "own"; if (drawing) { own = []; points = []; now = null; draw(); } else { wanted.points = value; start(); } }),
      choice(t("activation"), ["tanh", "relu", "sigmoid"], wanted.activation, put("activation")),
      slider(t("hidden layers"), depth, 1, 5, 1, (v) => { wanted.widths = Array(v).fill(width); start(); }),
      slider(t("units each"), width, 2, 12, 1, (v) => { wanted.widths = Array(depth).fill(v); start(); }),
      field(t("learning rate"), wanted.rate, (v) => put("rate")(Number(v)), { step: "any" }),
      field(t("seed"), wanted.seed, (v) => put("seed")(Number(v)))),
    h("div", { class: "row", style: "margin-top:.8rem" },
      button(running ? t("pause") : t("start"), () => { if (running) stop(); else run(); controls(); }, { class: "main", disabled: !now }),
      button(t("one epoch"), () => train(1), { disabled: !now }), button(t("reset"), start)),
    now ? h("p", {}, t("toy state", { epochs: number(now.epochs), loss: number(now.loss, 3), accuracy: (100 * now.accuracy).toFixed(1) })) : h("p", {}, t("draw points")),
    curves([{ name: t("loss"), points: record }], { height: 150, label: t("loss") })));
  }

  const put = (reach) => (p) => [SIZE / 2 + (p[0] / reach) * (SIZE / 2), SIZE / 2 - (p[1] / reach) * (SIZE / 2)];
  const mixed = (v) => `color-mix(in srgb, color-mix(in srgb, ${colour(1)} ${100 * v}%, ${colour(0)}) 35%, var(--card))`;
  const dot = (p, k, radius = 3.4) => s("circle", { cx: p[0], cy: p[1], r: radius, fill: colour(k), stroke: "var(--card)", "stroke-width": 0.8 });

  function decision() {
    const svg = s("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, width: SIZE, height: SIZE, role: "img", "aria-label": t("boundary") });
    const reach = now?.reach ?? 1.3;
    if (now) {
      svg.append(s("rect", { width: SIZE, height: SIZE, fill: mixed(0) }));
      const n = now.plane.length;
      for (const level of contours().size([n, n]).thresholds([0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])(now.plane.flat())) {
        const path = level.coordinates.flat().map((ring) => `M${ring.map(([x, y]) => `${((x - 0.5) * SIZE) / (n - 1)},${SIZE - ((y - 0.5) * SIZE) / (n - 1)}`).join("L")}Z`).join("");
        svg.append(s("path", { d: path, fill: mixed(level.value), stroke: level.value === 0.5 ? "var(--ink)" : "none", "stroke-width": 1.6 }));
      }
    }
    for (const p of points ?? []) svg.append(dot(put(reach)(p), p[2]));
    if (drawing) {
      svg.style.cursor = "crosshair";
      svg.addEventListener("pointerdown", (e) => {
        const box = svg.getBoundingClientRect();
        const x = (((e.clientX - box.left) / box.width) * 2 - 1) * reach;
        const y = (1 - ((e.clientY - box.top) / box.height) * 2) * reach;
        for (let k = 0; k < 6; k += 1) own.push([x + (Math.random() - 0.5) * 0.16, y + (Math.random() - 0.5) * 0.16, e.shiftKey || e.button === 2 || second ? 1 : 0]);
        points = own; draw();
      });
    }
    plane.replaceChildren(card(t("boundary"), svg, ...(drawing ? [h("div", { class: "row" }, button(t("colour"), () => { second = !second; decision(); }, { "aria-pressed": String(second) }), button(t("train these"), start))] : [])));
  }
  let second = false;

  // The plane after `stage` half steps: each layer is an affine map, then its activation.
  function moved(p) {
    let v = p, left = stage;
    for (const layer of now.layers.slice(0, -1)) {
      if (left <= 0) break;
      const affine = layer.bias.map((b, j) => b + v.reduce((sum, x, i) => sum + x * layer.kernel[i][j], 0));
      const part = Math.min(left, 1);
      const same = v.length === affine.length;
      const between = affine.map((a, j) => (same || v[j] != null ? (1 - part) * (v[j] ?? 0) + part * a : part * a));
      v = part < 1 ? between : affine;
      left -= 1;
      if (left <= 0) break;
      const fold = Math.min(left, 1);
      v = v.map((a) => (1 - fold) * a + fold * ACTIVATE[layer.activation](a));
      left -= 1;
    }
    return v;
  }

  function fold() {
    if (!now) return folded.replaceChildren();
    const hidden = now.layers.length - 1;
    const wide = now.layers.slice(0, -1).some((layer) => layer.bias.length > 2);
    const flat = (v) => (v.length <= 2 ? [v[0], v[1] ?? 0] : [v[0] + 0.35 * v[2] - 0.2 * (v[4] ?? 0), v[1] + 0.25 * v[2] + 0.2 * (v[3] ?? 0)]);
    const axis = Array.from({ length: LINES }, (_, k) => (2.4 * k) / (LINES - 1) - 1.2);
    const fine = Array.from({ length: FINE }, (_, k) => (2.4 * k) / (FINE - 1) - 1.2);
    const lines = axis.flatMap((a) => [fine.map((b) => flat(moved([a, b]))), fine.map((b) => flat(moved([b, a])))]);
    const spots = points.map((p) => [...flat(moved(p.slice(0, 2))), p[2]]);
    const reach = Math.max(...lines.flat().flat().map(Math.abs), 0.5) * 1.06;
    const svg = s("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, width: SIZE, height: SIZE, role: "img", "aria-label": t("folded") });
    for (const one of lines) svg.append(s("path", { d: `M${one.map((p) => put(reach)(p).map((v) => v.toFixed(1)).join(",")).join("L")}`, fill: "none", stroke: "var(--line)", "stroke-width": 1 }));
    for (const p of spots) svg.append(dot(put(reach)(p), p[2], 2.8));
    const layer = Math.min(Math.floor(stage / 2), hidden - 1);
    const says = stage === 0 ? t("stage plane") : t(stage % 2 > 0 && stage % 2 <= 1 ? "stage affine" : "stage fold", { layer: now.layers[layer - (stage % 2 === 0 && stage > 0 ? 1 : 0)]?.name ?? "", activation: wanted.activation });
    picture.replaceChildren(svg, h("p", {}, says), ...(wide ? [h("p", {}, t("seen aslant"))] : []));
    if (!folded.firstChild || Number(folded.dataset.steps) !== 2 * hidden) {
      folded.dataset.steps = 2 * hidden;
      folded.replaceChildren(card(t("folded"), h("p", {}, t("folded lead")), slider(t("stage"), stage, 0, 2 * hidden, 0.02, (v) => { stage = v; fold(); }), picture));
    }
    return null;
  }
  const picture = h("div");

  async function placeDigits() {
    let found;
    try { found = await get("geometry/placed"); } catch (error) { digits.replaceChildren(card(t("digits placed"), h("p", {}, error.message))); return; }
    const reach = Math.max(...found.points.flat().map(Math.abs), 1e-6) * 1.05;
    const svg = s("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, width: SIZE, height: SIZE, role: "img", "aria-label": t("digits placed") });
    found.points.forEach((p, k) => svg.append(dot(put(reach)(p), found.labels[k] ?? 0, 3)));
    digits.replaceChildren(card(t("digits placed"), h("p", {}, t("digits lead", { layer: found.layer, units: number(found.units) })), svg,
      h("div", { class: "legend" }, found.classes.map((name, k) => { const key = h("i"); key.style.background = colour(k); return h("span", {}, key, name); }))));
  }

  function draw() { controls(); decision(); fold(); }
  controls();
  start();
  placeDigits();
  return { leave: stop, on(event) { if (["point", "epoch", "network"].includes(event)) placeDigits(); } };
}
