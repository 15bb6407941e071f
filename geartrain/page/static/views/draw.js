// Drawing: a digit by mouse, pen or touch, and what every layer makes of it.

import { get, post } from "../talk.js";
import { t } from "../words.js";
import { bars, button, card, h, number, pictures } from "../parts.js";

const SIDE = 112; // pixels of the pad; each is shown larger

export function open(root, app) {
  const pad = h("canvas", { class: "pad", width: SIDE, height: SIDE, tabindex: "0", role: "img", "aria-label": t("pad") });
  const ink = pad.getContext("2d", { willReadFrequently: true });
  const said = h("div"), inside = h("div", { class: "wide" }), near = h("div");
  let centred = true, last = null, waiting = false, again = false;
  const clear = () => { ink.fillStyle = "#000"; ink.fillRect(0, 0, SIDE, SIDE); };
  root.append(h("h2", {}, t("draw")), h("p", { class: "lead" }, t("draw lead")), h("div", { class: "cards" },
    card(t("pad"), pad, h("div", { class: "row", style: "margin-top:.6rem" },
      button(t("clear"), () => { clear(); ask(); }), button(t("a test digit"), sample),
      h("label", {}, h("input", { type: "checkbox", checked: true, onchange: (e) => { centred = e.target.checked; ask(); } }), t("centred")))),
    said, near, inside));
  clear();

  const place = (e) => { const box = pad.getBoundingClientRect(); return [((e.clientX - box.left) * SIDE) / box.width, ((e.clientY - box.top) * SIDE) / box.height]; };
  function stroke(from, to) {
    ink.strokeStyle = "#fff"; ink.lineWidth = 9; ink.lineCap = "round"; ink.lineJoin = "round";
    ink.beginPath(); ink.moveTo(...from); ink.lineTo(to[0] + 0.01, to[1]); ink.stroke();
    ask();
  }
  pad.addEventListener("pointerdown", (e) => { pad.setPointerCapture(e.pointerId); last = place(e); stroke(last, last); });
  pad.addEventListener("pointermove", (e) => { if (last) { const now = place(e); stroke(last, now); last = now; } });
  for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => { last = null; });

  async function sample() {
    const found = await app.ask(() => get("data/grid", { part: "test", start: Math.floor(Math.random() * 400), count: 1 }));
    if (!found?.pictures) return;
    const small = pictures(found.pictures).querySelector("canvas");
    clear(); ink.imageSmoothingEnabled = true; ink.drawImage(small, 0, 0, SIDE, SIDE); ask();
  }

  async function ask() { // one question at a time; what was drawn meanwhile is asked for next
    if (waiting) { again = true; return; }
    waiting = true;
    const rgba = ink.getImageData(0, 0, SIDE, SIDE).data;
    let text = "";
    for (let i = 0; i < SIDE * SIDE; i += 1) text += String.fromCharCode(rgba[4 * i]);
    const before = performance.now();
    const found = await app.ask(() => post("draw/digit", { pixels: btoa(text), side: SIDE, centred }));
    if (found) tell(found, performance.now() - before);
    waiting = false;
    if (again) { again = false; ask(); }
  }

  function tell(found, took) {
    pad.dataset.best = found.classes[found.best];
    pad.dataset.took = took.toFixed(1);
    said.replaceChildren(card(t("says", { best: found.classes[found.best] }), bars(found.classes, found.scores, found.best),
      h("p", {}, t("took", { ms: took.toFixed(0) }))));
    near.replaceChildren(card(t("as it sees it"), h("div", { class: "row" },
      pictures(found.picture, { size: 112, names: [t("its input")] }), pictures(found.saliency, { size: 112, signed: true, names: [t("saliency")] })),
    h("p", {}, t("saliency lead", { best: found.classes[found.best] })),
    ...(found.nearest ? [h("h3", {}, t("nearest")), pictures(found.nearest, { names: found.labels })] : [])));
    inside.replaceChildren(card(t("activations"), ...found.layers.map((layer) => h("div", { class: layer.name === app.layer ? "chosen" : "" },
      h("p", {}, button(layer.name, () => app.choose(layer.name))), layer.pictures ? pictures(layer.pictures, { size: 56 }) : strip(layer)))));
  }

  function strip(layer) {
    const most = Math.max(...layer.values.map(Math.abs), 1e-9);
    const columns = Math.min(layer.values.length, 64);
    const rows = Math.ceil(layer.values.length / columns);
    const canvas = h("canvas", { class: "pixels", width: columns, height: rows, role: "img", "aria-label": t("units of", { layer: layer.name, n: number(layer.values.length) }) });
    canvas.style.width = `${Math.min(columns * 10, 640)}px`;
    canvas.style.height = `${rows * 10}px`;
    const context = canvas.getContext("2d");
    layer.values.forEach((v, k) => {
      context.fillStyle = `color-mix(in srgb, ${v < 0 ? "#2f6fde" : "#f2994a"} ${Math.round((100 * Math.abs(v)) / most)}%, #16181d)`;
      context.fillRect(k % columns, Math.floor(k / columns), 1, 1);
    });
    return canvas;
  }

  ask();
  return { on(event) { if (["epoch", "network", "choose"].includes(event) || (event === "mode" && app.mode === "pause")) ask(); } };
}
