// Parts of which views are made: elements, pictures, curves, histograms.

import { extent, line, scaleLinear, ticks } from "./libraries/d3.js";

export function h(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && name !== "list" && typeof value !== "string") made[name] = value;
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
}

export function s(tag, given = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const card = (title, ...children) => h("section", { class: "card" }, h("h3", {}, title), ...children);

export function number(value, digits = 4) {
  if (value == null) return "–";
  return Number.isInteger(value) ? value.toLocaleString("en") : Number(value.toPrecision(digits)).toString();
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let place = 0;
  while (count >= 1024 && place < 3) { count /= 1024; place += 1; }
  return `${number(count, 3)} ${units[place]}`;
}

// Colours of classes, told apart by most eyes.
export const COLOURS = ["#2f6fde", "#d9730d", "#1b9e77", "#c2388f", "#7b61c9", "#8a6d1f", "#0097a7", "#d64545", "#5f8a1f", "#666f7d"];
export const colour = (k) => COLOURS[((k % COLOURS.length) + COLOURS.length) % COLOURS.length];

// A canvas for each picture of a sprite. Signed ones: 128 is zero, blue is negative, orange positive.
export function pictures(sprite, { size = 40, signed = false, names = [], onpick } = {}) {
  if (!sprite) return h("p", {}, "–");
  const pixels = Uint8Array.from(atob(sprite.pixels), (c) => c.charCodeAt(0));
  const { count, height, width, channels } = sprite;
  const made = [];
  for (let k = 0; k < count; k += 1) {
    const canvas = h("canvas", { class: "pixels", width, height, role: "img", "aria-label": String(names[k] ?? k) });
    canvas.style.width = `${size}px`;
    canvas.style.height = `${(size * height) / width}px`;
    paint(canvas, pixels.subarray(k * height * width * channels), channels, signed);
    const figure = h("figure", {}, canvas, names[k] != null ? h("figcaption", {}, String(names[k])) : null);
    if (onpick) {
      figure.style.cursor = "pointer";
      figure.addEventListener("click", () => onpick(k));
    }
    made.push(figure);
  }
  return h("div", { class: "pictures" }, made);
}

function paint(canvas, pixels, channels, signed) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < canvas.width * canvas.height; i += 1) {
    const v = pixels[i * channels];
    let rgb = channels === 3 ? [v, pixels[i * 3 + 1], pixels[i * 3 + 2]] : [v, v, v];
    if (signed) {
      const a = (v - 128) / 127;
      rgb = a > 0 ? [255, 255 - 140 * a, 255 - 240 * a] : [255 + 215 * a, 255 + 145 * a, 255 + 30 * a];
    }
    image.data.set([...rgb, 255], i * 4);
  }
  context.putImageData(image, 0, 0);
}

export const extremes = (values) => extent(values.filter((v) => v != null));

// Curves {name, points: [[x, y], ...], dashed} over common axes.
export function curves(list, { width = 520, height = 220, label = "", log = false } = {}) {
  const all = list.flatMap((one) => one.points).filter((p) => p[1] != null && (!log || p[1] > 0));
  const f = log ? Math.log10 : (v) => v;
  const [x0, x1] = extent(all, (p) => p[0]);
  let [y0, y1] = extent(all, (p) => f(p[1]));
  if (y0 === y1) { y0 -= 0.5; y1 += 0.5; }
  const x = scaleLinear([x0 ?? 0, x1 === x0 ? (x0 ?? 0) + 1 : x1 ?? 1], [46, width - 8]);
  const y = scaleLinear([y0 ?? 0, y1 ?? 1], [height - 22, 8]).nice(4);
  const made = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  for (const v of y.ticks(4)) {
    made.append(s("line", { class: "axis", x1: 46, x2: width - 8, y1: y(v), y2: y(v) }));
    const text = s("text", { x: 40, y: y(v) + 4, "text-anchor": "end" });
    text.textContent = number(log ? 10 ** v : v, 3);
    made.append(text);
  }
  for (const v of ticks(...x.domain(), 6)) {
    const text = s("text", { x: x(v), y: height - 6, "text-anchor": "middle" });
    text.textContent = number(v);
    made.append(text);
  }
  const path = line((p) => x(p[0]), (p) => y(f(p[1]))).defined((p) => p[1] != null && (!log || p[1] > 0));
  list.forEach((one, k) => {
    made.append(s("path", {
      d: path(one.points) ?? "", fill: "none", stroke: one.colour ?? colour(k), "stroke-width": 2,
      "stroke-dasharray": one.dashed ? "5 4" : "none",
    }));
    if (one.points.length === 1 && one.points[0][1] != null) {
      made.append(s("circle", { cx: x(one.points[0][0]), cy: y(f(one.points[0][1])), r: 3, fill: one.colour ?? colour(k) }));
    }
  });
  return h("div", {}, made, h("div", { class: "legend" }, list.map((one, k) => {
    const key = h("i", { class: one.dashed ? "dashed" : "" }); key.style.background = one.colour ?? colour(k);
    return h("span", {}, key, one.name);
  })));
}

export function histogram(found, { width = 150, height = 56, label = "", fill = "var(--blue)" } = {}) {
  const made = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  if (!found) return made;
  const most = Math.max(...found.counts, 1);
  const step = width / found.counts.length;
  found.counts.forEach((count, k) => {
    const high = (Math.sqrt(count / most)) * (height - 16);
    made.append(s("rect", { x: k * step, y: height - 14 - high, width: Math.max(step - 0.5, 0.5), height: high, fill }));
  });
  [[found.least, "start", 0], [found.most, "end", width]].forEach(([v, anchor, x]) => {
    const text = s("text", { x, y: height - 2, "text-anchor": anchor });
    text.textContent = number(v, 2);
    made.append(text);
  });
  return made;
}

export function bars(names, values, best, text = (v) => v.toFixed(3)) {
  const most = Math.max(...values.map(Math.abs), 1);
  return h("div", { class: "bars" }, names.flatMap((name, k) => {
    const inner = h("i");
    inner.style.width = `${(100 * Math.abs(values[k])) / most}%`;
    return [h("span", {}, name), h("div", { class: k === best ? "bar best" : "bar" }, inner),
      h("span", { class: "number" }, text(values[k]))];
  }));
}

export function choice(label, options, value, onchange) {
  const made = h("select", { onchange: () => onchange(made.value) },
    options.map((one) => (Array.isArray(one) ? one : [one, one])).map(([key, text]) =>
      h("option", { value: key, selected: key === value }, text)));
  return h("label", {}, label, made);
}

export function field(label, value, onchange, given = {}) {
  const made = h("input", { type: "number", ...given, onchange: () => onchange(made.value) });
  made.value = value;
  return h("label", {}, label, made);
}

export function slider(label, value, least, most, step, oninput) {
  const shown = h("output", { class: "number" }, number(value));
  const made = h("input", { type: "range", min: String(least), max: String(most), step: String(step),
    oninput: () => { shown.textContent = number(Number(made.value)); oninput(Number(made.value)); } });
  made.value = value;
  return h("label", {}, label, made, shown);
}

export const button = (text, onclick, given = {}) => h("button", { type: "button", onclick, ...given }, text);
