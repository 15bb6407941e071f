// The frame of the page: views, the hand on the training, language and theme, and one selection for all.

import { get, listen, live, post, Refusal } from "./talk.js";
import { current, LANGUAGES, speak, t } from "./words.js";
import { button, h, number } from "./parts.js";

const VIEWS = window.VIEWS ?? ["data", "network", "train", "draw", "geometry", "descent", "backprop", "gears"];
const modules = Object.fromEntries(await Promise.all(
  VIEWS.map(async (name) => [name, await import(`./views/${name}.js`)])));

// What all views share. `layer` is the name of the layer that is chosen, in one view as in all.
export const app = {
  mode: "pause", training: false, editable: false, layer: null, runs: [], last: null,
  choose(layer) { this.layer = layer; tellView("choose", layer); },
  say(error) {
    const text = error instanceof Refusal ? error.message : t("broken", { what: String(error) });
    const said = h("p", {}, text, " ", button("✕", () => said.remove(), { "aria-label": t("dismiss") }));
    document.getElementById("messages").append(said);
    setTimeout(() => said.remove(), 12000);
  },
  async ask(work) {
    try { return await work(); } catch (error) { this.say(error); return null; }
  },
};

let view = null;
function tellView(event, data) { view?.on?.(event, data); }

function show() {
  const name = VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : VIEWS.find((one) => one === "train") ?? VIEWS[0];
  const main = document.getElementById("view");
  view?.leave?.();
  main.replaceChildren();
  view = modules[name].open(main, app);
  document.title = `${t(name)} · Geartrain`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function frame() {
  for (const part of document.querySelectorAll("[data-t]")) part.textContent = t(part.dataset.t);
  for (const part of document.querySelectorAll("[data-label]")) part.setAttribute("aria-label", t(part.dataset.label));
  document.getElementById("views").replaceChildren(...VIEWS.map((name) => h("a", { href: `#${name}` }, t(name))));
  const language = document.getElementById("language");
  const other = LANGUAGES.find((one) => one !== current());
  language.lang = other;
  language.textContent = { en: "English", ko: "한국어" }[other];
  language.onclick = () => { speak(other); frame(); show(); };
  const theme = document.getElementById("theme");
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  theme.textContent = t(dark ? "light" : "dark");
  theme.onclick = () => paint(dark ? "light" : "dark");
  controls();
}

function paint(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
  frame();
  show();
}

const steer = (to) => app.ask(() => post("train/steer", { to }));

function controls() {
  const runs = app.mode === "run" || app.mode === "epoch";
  document.getElementById("controls").replaceChildren(...(!live ? [] : [
    button(runs ? t("pause") : t("start"), () => steer(runs ? "pause" : "run"), { class: "main" }),
    button(t("one step"), () => steer("step"), { disabled: runs }),
    button(t("one epoch"), () => steer("epoch"), { disabled: runs }),
    ...(app.editable ? [button(t("reset"), async () => { await steer("reset"); app.last = null; await refresh(); show(); })] : []),
  ]));
  const last = app.last;
  document.getElementById("status").textContent = last
    ? t("at", { step: number(last.step), epoch: last.epoch + 1, logs: Object.entries(last.logs)
      .map(([name, value]) => `${name} ${number(value, 3)}`).join(" · ") })
    : live ? t("not yet") : "";
}

async function refresh() {
  if (!live && !VIEWS.includes("train")) return; // a saved page of other views
  const found = await app.ask(() => get("train/status"));
  if (!found) return;
  Object.assign(app, found);
  const run = app.runs.at(-1);
  const point = run && [...run.points, ...run.epochs].sort((a, b) => a[0] - b[0]).at(-1);
  app.last = point ? { step: point[0], epoch: point[1], logs: point[2] } : null;
}

function told(event, data) {
  if (event === "mode") app.mode = data;
  if (event === "run") app.runs.push({ name: data.name, points: [], epochs: [] });
  if (event === "point" || event === "epoch") {
    app.last = data;
    const run = app.runs.at(-1);
    if (run) run[event === "point" ? "points" : "epochs"].push([data.step, data.epoch, data.logs]);
  }
  if (event === "error") app.say(new Refusal(data));
  if (event === "lost") document.getElementById("status").textContent = t("lost");
  else controls();
  tellView(event, data);
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
await refresh();
frame();
addEventListener("hashchange", () => { show(); document.getElementById("view").focus(); });
show();
listen(told);
