// Descent: a loss as a landscape, and optimizers raced over it from one start.

import { contours } from "../libraries/d3.js";
import { get, post } from "../talk.js";
import { t } from "../words.js";
import { button, card, choice, colour, curves, extremes, field, h, number, s, slider } from "../parts.js";

const SIZE = 520;

export function open(root, app) {
  const map = h("div"), side = h("div");
  root.append(h("h2", {}, t("descent")), h("p", { class: "lead" }, t("descent lead")), h("div", { class: "cards" }, side, map));
  const now = { name: "valley", rate: 0.1, momentum: 0.9, steps: 100, start: null, weights: "", shown: 100 };
  let found = null, ways = null, losses = {}, hidden = new Set();

  async function load() {
    map.replaceChildren(card(t("landscape"), h("p", {}, t("computing"))));
    const made = await app.ask(() => get("descent/surface", { name: now.name, weights: now.weights }));
    if (!made) return;
    found = made; now.start = made.start; ways = null;
    controls(); await race();
  }
  async function race() {
    const made = await app.ask(() => post("descent/race", { name: now.name, start: now.start, rate: now.rate, momentum: now.momentum, steps: now.steps, weights: now.weights }));
    if (!made) return;
    ways = made.ways; losses = made.losses; now.shown = now.steps;
    controls(); draw();
  }

  const put = (p) => [((p[0] / found.reach + 1) * SIZE) / 2, ((1 - p[1] / found.reach) * SIZE) / 2];

  function draw() {
    const svg = s("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, width: SIZE, height: SIZE, role: "img", "aria-label": t("landscape") });
    svg.style.cursor = "crosshair";
    const n = found.values.length;
    const flat = found.values.flat();
    const [least, most] = extremes(flat);
    const levels = Array.from({ length: 16 }, (_, k) => least + (most - least) * ((k + 0.5) / 16) ** 2);
    svg.append(s("rect", { width: SIZE, height: SIZE, fill: shade(0) }));
    contours().size([n, n]).thresholds(levels)(flat).forEach((level, k) => {
      const path = level.coordinates.flat().map((ring) => `M${ring.map(([x, y]) => `${((x - 0.5) * SIZE) / (n - 1)},${SIZE - ((y - 0.5) * SIZE) / (n - 1)}`).join("L")}Z`).join("");
      svg.append(s("path", { d: path, fill: shade((k + 1) / 16), stroke: "var(--line)", "stroke-width": 0.6 }));
    });
    Object.entries(ways ?? {}).forEach(([name, way], k) => {
      if (hidden.has(name)) return;
      const part = way.slice(0, now.shown + 1);
      svg.append(s("path", { d: `M${part.map((p) => put(p).map((v) => v.toFixed(1)).join(",")).join("L")}`, fill: "none", stroke: colour(k), "stroke-width": 2.2, "stroke-linejoin": "round" }));
      const [x, y] = put(part.at(-1));
      svg.append(s("circle", { cx: x, cy: y, r: 5, fill: colour(k), stroke: "var(--card)" }));
    });
    const [x, y] = put(now.start);
    svg.append(s("circle", { cx: x, cy: y, r: 6, fill: "none", stroke: "var(--ink)", "stroke-width": 2 }));
    svg.addEventListener("pointerdown", (e) => {
      const box = svg.getBoundingClientRect();
      now.start = [(((e.clientX - box.left) / box.width) * 2 - 1) * found.reach, (1 - ((e.clientY - box.top) / box.height) * 2) * found.reach];
      race();
    });
    map.replaceChildren(card(t("landscape"), h("p", {}, t("landscape lead")), svg));
  }
  const shade = (v) => `color-mix(in srgb, var(--accent) ${Math.round(4 + 46 * v)}%, var(--card))`;

  function controls() {
    const names = [...found.names.map((name) => [name, t(`surface ${name}`)]), ["network", t("surface network")]];
    const rows = Object.keys(ways ?? {}).map((name, k) => {
      const key = h("i"); key.style.background = colour(k);
      const box = h("input", { type: "checkbox", checked: !hidden.has(name), onchange: () => { if (hidden.has(name)) hidden.delete(name); else hidden.add(name); draw(); } });
      return h("tr", {}, h("th", { scope: "row", style: "text-align:left" }, h("label", { class: "legend" }, box, key, name)), h("td", {}, number(losses[name], 3)), h("td", {}, number(ways[name].length - 1)));
    });
    side.replaceChildren(card(t("race"), h("div", { class: "fields" },
      choice(t("surface"), names, now.name, (v) => { now.name = v; now.weights = ""; load(); }),
      slider(t("learning rate"), now.rate, 0.005, 1, 0.005, (v) => { now.rate = v; race(); }),
      slider(t("momentum"), now.momentum, 0, 0.99, 0.01, (v) => { now.momentum = v; race(); }),
      field(t("steps"), now.steps, (v) => { now.steps = Number(v); race(); }, { min: "1", max: "400" }),
      slider(t("shown steps"), now.shown, 0, now.steps, 1, (v) => { now.shown = v; draw(); }),
      ...(now.name === "network" ? [weights()] : []),
      button(t("play"), play)),
    h("table", {}, h("thead", {}, h("tr", {}, ["optimizer", "loss", "steps"].map((name) => h("th", { scope: "col" }, t(name))))), h("tbody", {}, rows)),
    h("p", {}, t(now.name === "network" ? "race network" : "race lead"))));
  }

  function weights() {
    const made = h("input", { placeholder: "0.300,2.5", "aria-label": t("two weights"), onchange: () => { now.weights = made.value.trim(); load(); } });
    made.value = now.weights;
    return h("label", {}, t("two weights"), made);
  }

  function play() {
    now.shown = 0;
    const next = () => { now.shown += Math.max(1, Math.round(now.steps / 60)); draw(); if (now.shown < now.steps && root.isConnected && root.contains(map)) requestAnimationFrame(next); };
    next();
  }
  load();
  return {};
}
