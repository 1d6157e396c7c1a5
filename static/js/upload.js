/* The drop zone: files by drop, paste or dialog, one request each, with progress, cancel and retry.
   What a file is and whether it is good is the server's word, never the extension's. */
import { csrf } from "./http.js";

const AT_ONCE = 2;
const OFFLINE = "The connection broke. Nothing was stored; try again.";

const make = (tag, className, text = "") => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
};

const tool = (text, run) => {
  const button = make("button", "button button-s button-quiet", text);
  button.type = "button";
  button.addEventListener("click", run);
  return button;
};

const said = (request) => {
  try {
    const data = JSON.parse(request.responseText);
    if (data.error) return data.error;
  } catch {
    /* not JSON: a proxy or an error page answered */
  }
  if (request.status === 413) return "The file is too large. Nothing was stored.";
  if (request.status === 403) return "You may not upload here, or the page was open too long. Reload it.";
  return "The server could not take this file. Nothing was stored; try again.";
};

class Zone {
  constructor(element) {
    this.element = element;
    this.list = element.querySelector(".upload-list");
    this.input = element.querySelector("input[type='file']");
    this.waiting = [];
    this.running = 0;
    this.input.addEventListener("change", () => {
      this.take(this.input.files);
      this.input.value = "";
    });
    element.addEventListener("click", (event) => {
      const remove = event.target.closest("[data-upload-remove]");
      if (remove) this.remove(remove.closest(".upload-file"));
    });
    for (const name of ["dragenter", "dragover"]) element.addEventListener(name, (event) => this.over(event));
    element.addEventListener("dragleave", (event) => {
      if (!element.contains(event.relatedTarget)) element.classList.remove("is-over");
    });
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      element.classList.remove("is-over");
      this.take(event.dataTransfer.files);
    });
    element.closest("form")?.addEventListener("submit", (event) => this.hold(event), true);
  }

  over(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    this.element.classList.add("is-over");
  }

  get many() {
    return this.element.hasAttribute("data-upload-multiple");
  }

  take(files) {
    const chosen = this.many ? [...files] : [...files].slice(0, 1);
    if (chosen.length && !this.many) for (const row of [...this.list.children]) this.remove(row);
    for (const file of chosen) this.add(file);
  }

  add(file) {
    const row = make("li", "upload-file");
    const thumb = make("span", "upload-thumb");
    const text = make("div", "upload-text");
    const state = make("div", "upload-state", "Waiting");
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.value = 0;
    progress.setAttribute("aria-label", `Upload of ${file.name}`);
    text.append(make("div", "clip", file.name || "Pasted picture"), state, progress);
    const tools = make("span", "upload-tools");
    row.append(thumb, text, tools);
    this.list.append(row);
    const job = { file, row, state, progress, tools, thumb, request: null, over: false };
    row.job = job;
    tools.append(tool("Cancel", () => this.remove(row)));
    this.waiting.push(job);
    this.next();
  }

  next() {
    while (this.running < AT_ONCE && this.waiting.length) this.send(this.waiting.shift());
    this.tell("upload:busy", this.running + this.waiting.length);
  }

  send(job) {
    this.running += 1;
    const request = new XMLHttpRequest();
    job.request = request;
    request.open("POST", this.element.dataset.uploadUrl);
    request.setRequestHeader("X-CSRFToken", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      job.progress.value = event.loaded / event.total;
      const share = Math.floor((100 * event.loaded) / event.total);
      job.state.textContent = share < 100 ? `${share}%` : "Checking the picture";
      if (share >= 100) job.progress.removeAttribute("value");
    });
    request.addEventListener("load", () => this.answered(job));
    request.addEventListener("error", () => this.failed(job, OFFLINE));
    request.addEventListener("abort", () => this.finished(job));
    const body = new FormData();
    body.append("file", job.file, job.file.name || "pasted.png");
    request.send(body);
  }

  answered(job) {
    let data = null;
    try {
      data = JSON.parse(job.request.responseText);
    } catch {
      /* said() finds words for it */
    }
    if (job.request.status >= 300 || !data?.id) {
      this.failed(job, said(job.request));
      return;
    }
    const hidden = document.createElement("input");
    hidden.type = "hidden";
    hidden.name = this.element.dataset.uploadName;
    hidden.value = data.id;
    if (data.thumb) {
      const picture = make("img", "upload-thumb");
      Object.assign(picture, { src: data.thumb, alt: "", width: 48, height: 48 });
      job.thumb.replaceWith(picture);
    }
    const size = data.width ? `${data.width} × ${data.height}` : "Taken";
    job.state.textContent = [size, ...(data.notes ?? [])].join(" · ");
    job.progress.remove();
    job.row.classList.add("is-done");
    job.row.append(hidden);
    job.tools.replaceChildren(tool("Remove", () => this.remove(job.row)));
    job.data = data;
    this.finished(job);
    this.tell("upload:done", data);
  }

  failed(job, words) {
    job.row.classList.add("is-bad");
    job.state.textContent = words;
    job.state.setAttribute("role", "alert");
    job.progress.hidden = true;
    job.tools.replaceChildren(
      tool("Try again", () => {
        job.row.classList.remove("is-bad");
        job.progress.hidden = false;
        job.progress.value = 0;
        job.over = false;
        job.state.textContent = "Waiting";
        job.tools.replaceChildren(tool("Cancel", () => this.remove(job.row)));
        this.waiting.push(job);
        this.next();
      }),
      tool("Remove", () => this.remove(job.row)),
    );
    this.finished(job);
  }

  finished(job) {
    if (job.over) return;
    job.over = true;
    this.running -= 1;
    this.next();
  }

  remove(row) {
    const { job } = row;
    this.waiting = this.waiting.filter((one) => one !== job);
    if (job?.request && !job.over) job.request.abort();
    const id = row.querySelector("input[type='hidden']")?.value;
    const hadFocus = row.contains(document.activeElement);
    row.remove();
    if (hadFocus) this.input.focus();
    this.tell("upload:removed", { id });
    this.next();
  }

  /* The form waits until everything has arrived; it then goes when the person sends it again. */
  hold(event) {
    if (!this.running && !this.waiting.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const row = this.list.querySelector(".upload-file:not(.is-done, .is-bad)");
    row?.scrollIntoView({ block: "nearest" });
    const state = row?.querySelector(".upload-state");
    if (state) state.textContent = "Still uploading. Send the form when it is done.";
  }

  tell(name, detail) {
    this.element.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}

const zones = new Map();

/** Starts the zones in `root` that are not running yet. */
export function startUploads(root = document) {
  for (const element of root.querySelectorAll("[data-upload]")) {
    if (!zones.has(element)) zones.set(element, new Zone(element));
  }
}

document.addEventListener("paste", (event) => {
  const files = event.clipboardData?.files;
  if (!files?.length) return;
  const near = event.target instanceof Element ? event.target.closest("form, dialog") : null;
  const element = (near ?? document).querySelector("[data-upload]") ?? document.querySelector("[data-upload]");
  if (!zones.has(element)) return;
  event.preventDefault();
  zones.get(element).take(files);
});
/* A file dropped beside the zone must not replace the page. */
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    if (zones.size && event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
}
