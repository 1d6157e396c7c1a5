/* Requests to our own server, with the CSRF header. Never throws: a failure is a value with words. */

const OFFLINE = "No answer from the server. Check the connection and try again.";

export const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** The JSON of a `{% json_data %}` element. */
export const readData = (id) => JSON.parse(document.getElementById(id).textContent);

const words = (status, data) => {
  if (data && typeof data === "object" && (data.error || data.message)) {
    return data.error || data.message;
  }
  if (status === 403) return "You may not do that, or the page was open too long. Reload it.";
  if (status === 404) return "That is gone. Reload the page.";
  if (status === 409) return "Somebody was faster. Reload the page to see what changed.";
  if (status === 413) return "That is too large. Nothing was stored.";
  if (status === 429) return "Too many requests. Wait a moment and try again.";
  return "That did not work on our side. Look at the board before you start it again.";
};

const answer = async (url, options) => {
  try {
    const response = await fetch(url, { credentials: "same-origin", ...options });
    const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
    const data = response.status === 204 ? null : await (isJson ? response.json() : response.text());
    const { ok, status } = response;
    return { ok, status, data, response, message: ok ? "" : words(status, data) };
  } catch (error) {
    if (error.name === "AbortError") return { ok: false, status: 0, data: null, message: "" };
    return { ok: false, status: 0, data: null, message: OFFLINE };
  }
};

export const get = (url, { headers = {}, signal } = {}) =>
  answer(url, { headers: { "X-Requested-With": "fetch", ...headers }, signal });

/** POST a FormData, a URLSearchParams or a plain object (sent as form fields; lists repeat). */
export const post = (url, data = {}, { headers = {}, signal } = {}) => {
  let body = data;
  if (!(data instanceof FormData) && !(data instanceof URLSearchParams)) {
    body = new URLSearchParams();
    for (const [name, value] of Object.entries(data)) {
      for (const one of Array.isArray(value) ? value : [value]) body.append(name, one);
    }
  }
  const sent = { "X-CSRFToken": csrf(), "X-Requested-With": "fetch", Accept: "application/json" };
  return answer(url, { method: "POST", body, signal, headers: { ...sent, ...headers } });
};
