// Asking the server, and hearing from it. The token came behind the #, which browsers send nowhere.

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", location.pathname);
}
const headers = { Authorization: `Bearer ${sessionStorage.getItem("token") ?? ""}` };

export const live = true; // whether a program answers: a saved page has its answers inside
export class Refusal extends Error {}

async function answer(response) {
  if (response.status === 403) throw new Refusal(await response.text());
  const found = await response.json();
  if (found && found.error !== undefined) throw new Refusal(found.error);
  return found;
}

export async function get(path, query = {}) {
  return answer(await fetch(`/api/${path}?${new URLSearchParams(query)}`, { headers }));
}

export async function post(path, body) {
  const json = { ...headers, "Content-Type": "application/json" };
  return answer(await fetch(`/api/${path}`, { method: "POST", headers: json, body: JSON.stringify(body) }));
}

export async function upload(path, file) {
  const query = new URLSearchParams({ name: file.name });
  return answer(await fetch(`/api/${path}?${query}`, { method: "POST", headers, body: file }));
}

// Calls told(event, data) for all that happens, and goes on after the server was away for a while.
export async function listen(told) {
  for (;;) {
    try {
      const response = await fetch("/api/events", { headers });
      if (!response.ok) return;
      told("connected", {});
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        const parts = text.split("\n\n");
        text = parts.pop();
        for (const part of parts) {
          const event = /^event: (.*)$/m.exec(part);
          const data = /^data: (.*)$/m.exec(part);
          if (event && data) told(event[1], JSON.parse(data[1]));
        }
      }
    } catch { /* tried again below */ }
    told("lost", {});
    await new Promise((wake) => setTimeout(wake, 2000));
  }
}
