// Backpropagation: node by node, forwards and backwards, with the rule and the chain of products.

import { get } from "../talk.js";
import { t } from "../words.js";
import katex from "../libraries/katex.js";
import { button, card, h, number, s, slider } from "../parts.js";

export function open(root, app) {
  const toy = h("div", { class: "stack" }), graph = h("div", { class: "wide" }), own = h("div", { class: "wide" });
  root.append(h("h2", {}, t("backprop")), h("p", { class: "lead" }, t("backprop lead")), h("div", { class: "cards" }, toy, graph, own));
  const given = { w1: 0.8, w2: -1.2, w3: 1.5, x: 0.7, y: 0.3 };
  let found = null, at = 0, chosen = null, sample = 0;

  async function load() {
    const made = await app.ask(() => get("backprop/chain", given));
    if (!made) return;
    found = made; chosen ??= found.leaves[2];
    draw();
  }

  const short = (v) => (v == null ? "–" : v.number != null ? number(v.number, 4) : `‖·‖ ${number(v.norm, 3)}`);

  // The nodes on the way from a leaf to the loss: those that read it, directly or not.
  function way(nodes, leaf) {
    const on = new Set([leaf]);
    nodes.forEach((node, k) => { if (node.sources.some((source) => on.has(source))) on.add(k); });
    return on;
  }

  function layout(nodes) {
    const depth = [];
    nodes.forEach((node, k) => { depth[k] = node.sources.length ? 1 + Math.max(...node.sources.map((source) => depth[source])) : 0; });
    const columns = [];
    nodes.forEach((node, k) => {
      if (!node.sources.length) depth[k] = Math.max(0, Math.min(...nodes.flatMap((other, j) => (other.sources.includes(k) ? [depth[j]] : []))) - 1);
      (columns[depth[k]] ??= []).push(k);
    });
    return { depth, columns };
  }

  function picture(nodes, options) {
    const { columns } = layout(nodes);
    const wide = 148, high = 92, tall = Math.max(...columns.map((column) => column.length));
    const place = [];
    columns.forEach((column, i) => column.forEach((k, j) => { place[k] = [70 + i * wide, 50 + (j + (tall - column.length) / 2) * high]; }));
    const width = columns.length * wide, height = tall * high + 20;
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": options.label });
    const on = way(nodes, options.leaf);
    nodes.forEach((node, k) => node.sources.forEach((source) => {
      const lit = on.has(source) && on.has(k);
      svg.append(s("path", { d: `M${place[source][0] + 56},${place[source][1]} C${place[source][0] + 92},${place[source][1]} ${place[k][0] - 92},${place[k][1]} ${place[k][0] - 56},${place[k][1]}`, fill: "none", stroke: lit ? "var(--accent)" : "var(--line)", "stroke-width": lit ? 2.5 : 1.2 }));
    }));
    nodes.forEach((node, k) => {
      const box = s("g", { transform: `translate(${place[k][0]},${place[k][1]})` });
      const seen = options.forwards > k, back = options.backwards <= k;
      box.append(s("rect", { x: -58, y: -30, width: 116, height: 60, rx: 9, fill: "var(--card)", stroke: on.has(k) ? "var(--accent)" : "var(--line)", "stroke-width": options.current === k ? 3.5 : 1.4 }));
      const lines = [[node.name, -12, "var(--ink)"], [seen ? short(node.value) : "", 5, "var(--blue)"], [back ? short(node.gradient) : "", 22, "var(--accent)"]];
      for (const [text, y, fill] of lines) { const made = s("text", { x: 0, y, "text-anchor": "middle", style: `fill:${fill};font-size:12px` }); made.textContent = text; box.append(made); }
      box.style.cursor = "pointer";
      box.addEventListener("click", () => options.pick(k));
      svg.append(box);
    });
    return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": options.label }, svg);
  }

  function draw() {
    const nodes = found.nodes, n = nodes.length;
    const formula = h("div"); katex.render(`f = ${found.formula}`, formula, { displayMode: true });
    const current = at < n ? at : 2 * n - 1 - at;
    const node = nodes[current];
    const says = at < n ? t("forwards at", { name: node.name, value: short(node.value) }) : t("backwards at", { name: node.name, value: short(node.gradient), rule: node.rule });
    toy.replaceChildren(card(t("a chain"), formula, h("p", {}, t("chain lead")), h("div", { class: "fields" },
      ...Object.keys(given).map((name) => slider(name.startsWith("w") ? `W${name[1]}` : name, given[name], -2, 2, 0.05, (v) => { given[name] = v; load(); }))),
    h("div", { class: "row", style: "margin-top:.8rem" }, button("|←", () => { at = 0; draw(); }, { "aria-label": t("first step") }), button("←", () => { at = Math.max(0, at - 1); draw(); }, { "aria-label": t("a step back") }), button("→", () => { at = Math.min(2 * n - 1, at + 1); draw(); }, { "aria-label": t("a step on"), class: "main" }), button("→|", () => { at = 2 * n - 1; draw(); }, { "aria-label": t("last step") }), h("span", {}, `${at + 1} / ${2 * n}`)),
    h("p", { role: "status" }, says)), product());
    graph.replaceChildren(card(t("its graph"), h("p", { class: "legend" }, t("graph legend")), picture(nodes, {
      label: t("its graph"), leaf: chosen, forwards: at < n ? at + 1 : n, backwards: at < n ? n : current, current, pick: (k) => { chosen = k; draw(); } })));
  }

  function product() {
    const nodes = found.nodes;
    const on = [...way(nodes, chosen)].sort((a, b) => b - a);
    const name = nodes[chosen].name;
    const factors = on.slice(0, -1).map((k, j) => { const below = on[j + 1]; const up = nodes[k].gradient?.number, down = nodes[below].gradient?.number; return up ? down / up : null; });
    const difference = found.differences[name];
    return card(t("chain of", { name }), h("p", {}, `∂f/∂${name} = ${factors.map((v) => (v == null ? "?" : number(v, 4))).join(" × ")} = `, h("strong", {}, short(nodes[chosen].gradient))),
      ...(difference != null ? [h("p", {}, t("difference", { value: number(difference, 6) }))] : []));
  }

  async function loadOwn() {
    let made;
    try { made = await get("backprop/model", { sample }); } catch (error) { own.replaceChildren(card(t("own graph"), h("p", {}, error.message))); return; }
    let leaf = made.leaves[0];
    const paint = () => {
      const rows = [...way(made.nodes, leaf)].sort((a, b) => b - a).map((k) => made.nodes[k]);
      own.replaceChildren(card(t("own graph"), h("p", {}, t("own graph lead")), h("div", { class: "row" }, button(t("another sample"), () => { sample += 1; loadOwn(); }), h("span", {}, t("sample", { n: sample }))),
        picture(made.nodes, { label: t("own graph"), leaf, forwards: made.nodes.length, backwards: 0, current: leaf, pick: (k) => { leaf = k; paint(); } }),
        h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("way back") }, h("table", {}, h("thead", {}, h("tr", {}, ["node", "shape", "value", "gradient", "rule"].map((name) => h("th", { scope: "col" }, t(name))))),
          h("tbody", {}, rows.map((row) => h("tr", {}, h("td", {}, row.name), h("td", {}, `(${row.shape.join(", ")})`), h("td", {}, short(row.value)), h("td", {}, short(row.gradient)), h("td", { style: "text-align:left" }, row.rule))))))));
    };
    paint();
  }
  load();
  loadOwn();
  return { on(event) { if (["epoch", "network"].includes(event) || (event === "mode" && app.mode === "pause")) loadOwn(); } };
}
