// Gears: formula, naive loops, graph, fused loops, LLVM IR, assembly, profile; and ten steps to speed.

import { get, live } from "../talk.js";
import { t } from "../words.js";
import katex from "../libraries/katex.js";
import { button, card, choice, h, number } from "../parts.js";

export function open(root, app) {
  const top = h("div", { class: "wide" }), stages = h("div", { class: "wide" }), walk = h("div", { class: "wide" });
  root.append(h("h2", {}, t("gears")), h("p", { class: "lead" }, t("gears lead")), h("div", { class: "cards" }, top, stages, walk));
  let stage = "loops", beside = "profile", whole = false, turn = 0;
  const layer = () => (whole || !live ? "" : app.layer ?? "");

  async function draw() {
    const mine = turn += 1;
    const [first, second] = await Promise.all([stage, beside].map((name) => app.ask(() => get("gears/open", { layer: layer(), stage: name }))));
    if (!first || !second || mine !== turn) return;
    const formula = h("div", { class: "scroll" });
    katex.render(first.formula, formula, { displayMode: true, throwOnError: false });
    const names = [["", t("whole network")], ...first.layers.map((name) => [name, name])];
    top.replaceChildren(card(t("formula"), ...(live ? [choice(t("layer"), names, layer(), (v) => { whole = v === ""; if (whole) draw(); else app.choose(v); })] : []), formula));
    const pick = (label, value, put) => choice(label, first.stages.map((name) => [name, t(`stage ${name}`)]), value, (v) => { put(v); draw(); });
    stages.replaceChildren(h("div", { class: "cards" },
      h("section", { class: "card" }, pick(t("left"), stage, (v) => { stage = v; }), text(first)),
      h("section", { class: "card" }, pick(t("right"), beside, (v) => { beside = v; }), text(second))));
  }

  // Lines of one kernel light up in all columns when one of them is pointed at.
  function text(found) {
    const made = h("pre", { class: "code", tabindex: "0" }, found.lines.map(([line, kernel]) => {
      const span = h("span", { class: "line" }, `${line}\n`);
      if (kernel) {
        span.dataset.kernel = kernel;
        span.addEventListener("mouseenter", () => light(kernel, span));
        span.addEventListener("click", () => light(kernel, span, true));
      }
      return span;
    }));
    return h("div", {}, made, ...(found.cut ? [h("p", {}, t("cut lines", { n: number(found.cut) }))] : []));
  }
  function light(kernel, from, scroll = false) {
    for (const one of stages.querySelectorAll(".lit")) one.classList.remove("lit");
    for (const column of stages.querySelectorAll("pre")) {
      const lines = [...column.querySelectorAll(`[data-kernel="${kernel}"]`)];
      for (const one of lines) one.classList.add("lit");
      if (!column.contains(from) && lines.length && scroll) column.scrollTop = lines[0].offsetTop - column.offsetTop - 40;
    }
  }

  const steps = [];
  async function measure() {
    steps.length = 0;
    for (let k = 0; ; k += 1) {
      const found = await app.ask(() => get("gears/walk", { step: k }));
      if (!found || !root.contains(walk)) return;
      steps.push(found);
      tell();
      if (k + 1 >= found.of) return;
    }
  }
  function tell() {
    const first = steps[0]?.seconds;
    const log = (v) => Math.max(2, 100 * (1 - Math.log10(first / v) / 5));
    walk.replaceChildren(card(t("why fast"), h("p", {}, t("why fast lead")), button(steps.length ? t("measure again") : t("measure"), measure, { class: "main" }),
      h("ol", { class: "walk" }, steps.map((step) => {
        const bar = h("i"); bar.style.width = `${log(step.seconds)}%`;
        const time = step.seconds >= 0.1 ? `${number(step.seconds, 3)} s` : `${number(1000 * step.seconds, 3)} ms`;
        return h("li", {}, h("strong", {}, t(`walk ${step.name}`)), h("code", {}, step.code), h("div", { class: "bar best" }, bar),
          h("span", {}, t("walk times", { time, times: number(first / step.seconds, 3), rate: number(step.rate, 3), share: number(100 * step.share, 2) }), step.part < 1 ? ` ${t("walk part")}` : ""));
      }))));
  }
  draw();
  if (live) tell();
  return { on(event) { if (event === "choose") { whole = false; draw(); } if (event === "network") draw(); } };
}
