// The words of the page, in English and Korean, from one file.

const words = await (await fetch("words.json")).json();
export const LANGUAGES = ["en", "ko"];
let language = localStorage.getItem("language")
  ?? (navigator.language.startsWith("ko") ? "ko" : "en");

export function current() { return language; }

export function speak(chosen) {
  language = chosen;
  localStorage.setItem("language", chosen);
  document.documentElement.lang = chosen;
}

// The words of a name; {n} in them is replaced by the value of n.
export function t(name, values = {}) {
  const found = words[name]?.[LANGUAGES.indexOf(language)] ?? name;
  return found.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}
speak(language);
