/* Exports: select all, and the tree of the package as it would be with what is ticked now. */
import { readData } from "./http.js";

const form = document.querySelector("[data-exports]");
const CLOSING = ["contact_sheet.html", "manifest.csv", "manifest.json", "README.txt"];

const units = (size) => (size >= 1e6 ? `${(size / 1e6).toFixed(1)} MB` : `${Math.ceil(size / 1e3)} kB`);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

function row(mark, name) {
  const line = document.createElement("div");
  line.className = "tree-row";
  const branch = document.createElement("span");
  branch.className = "tree-mark";
  branch.setAttribute("aria-hidden", "true");
  branch.textContent = mark;
  const text = document.createElement("span");
  text.textContent = name;
  line.append(branch, text);
  return line;
}

/* Campaign, ad set, platform, file; what lies beside the media comes last. As queries/exports.tree. */
function treeOf(files) {
  const root = new Map();
  const paths = files.map((file) => `${file.folder}/${file.platform}/${file.name}`).sort();
  for (const path of [...paths, ...beside(files)]) {
    let at = root;
    for (const name of path.split("/")) {
      if (!at.has(name)) at.set(name, new Map());
      at = at.get(name);
    }
  }
  const lines = [];
  const grow = (at, indent) => {
    const names = [...at.keys()];
    names.forEach((name, index) => {
      const isLast = index === names.length - 1;
      const inner = at.get(name);
      lines.push(row(`${indent}${isLast ? "└ " : "├ "}`, inner.size ? `${name}/` : name));
      grow(inner, `${indent}${isLast ? "   " : "│  "}`);
    });
  };
  grow(root, "");
  return lines;
}

function beside(files) {
  const has = (platform, kind) => files.some((file) => file.platform === platform && (!kind || file.kind === kind));
  return [
    ...(has("shorts", "clip") ? ["bulk/google_ads_editor.csv"] : []),
    ...(has("reels") ? ["bulk/meta_ads_import.csv"] : []),
    ...(has("tiktok") ? ["bulk/tiktok_paste_sheet_1.csv"] : []),
    ...CLOSING,
  ];
}

function start() {
  const data = readData("exports-data");
  const all = form.querySelector("[data-exports-all]");
  const boxes = () => [...form.querySelectorAll('input[name="assets"]')];
  const part = (name) => form.querySelector(`[data-exports-${name}]`);

  const show = () => {
    const picked = boxes().filter((box) => box.checked);
    const platforms = [...form.querySelectorAll('input[name="platforms"]:checked')].map((box) => box.value);
    const files = picked.flatMap((box) => data[box.value] ?? []).filter((file) => platforms.includes(file.platform));
    all.checked = picked.length > 0 && picked.length === boxes().length;
    all.indeterminate = picked.length > 0 && !all.checked;
    const size = files.reduce((sum, file) => sum + file.size, 0);
    part("sum").textContent = files.length ? `${plural(files.length, "file")}, about ${units(size)}` : "";
    if (files.length) part("tree").replaceChildren(...treeOf(files));
    else {
      const text = picked.length ? "Tick at least one platform these assets were made for." : "Select at least one ready asset.";
      part("tree").replaceChildren(row("", text));
    }
    part("tree").classList.toggle("is-empty", !files.length);
    if (part("go")) {
      part("label").textContent = picked.length ? `Package ${plural(picked.length, "asset")}` : "Package selected assets";
      part("go").disabled = !files.length;
    }
  };

  part("all-label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    show();
  });
  form.addEventListener("change", (event) => event.target !== all && show());
  /* Going back in the browser restores the ticks without a change event. */
  window.addEventListener("pageshow", show);
  show();
}

if (form) start();
