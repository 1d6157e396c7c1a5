/* The crop editor: a box of one ratio over the whole master, moved by pointer, touch, keys and
   numbers. The number fields are the truth; everything else shows them. */
import { readData } from "./http.js";

const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

const inside = (box, window) => {
  const wide = Math.min(box[2], window[2]) - Math.max(box[0], window[0]);
  const tall = Math.min(box[3], window[3]) - Math.max(box[1], window[1]);
  const area = (box[2] - box[0]) * (box[3] - box[1]);
  return area > 0 && wide > 0 && tall > 0 ? (wide * tall) / area : 0;
};

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** What a window keeps, cuts and covers: [tone, sentence]. The worker's own checks decide. */
function findings(things, zone, window) {
  const of = (...kinds) => things.filter((thing) => kinds.includes(thing.kind));
  const share = (thing) => inside(thing.box, window);
  const factor = (window[2] - window[0]) / zone.size[0];
  const covered = (thing) =>
    zone.covering
      .map(([left, top, right, bottom]) => [
        window[0] + left * factor,
        window[1] + top * factor,
        window[0] + right * factor,
        window[1] + bottom * factor,
      ])
      .reduce((sum, part) => sum + inside(thing.box, part), 0);
  const found = [];
  const faces = of("face");
  const cut = faces.filter((face) => share(face) > 0.02 && share(face) < 0.995).length;
  const lost = faces.filter((face) => share(face) <= 0.02).length;
  if (cut) found.push(["bad", `${count(cut, "face")} cut through.`]);
  if (lost) found.push(["warn", `${count(lost, "face")} left outside.`]);
  if (faces.length && !cut && !lost) found.push(["ok", `${count(faces.length, "face")} whole.`]);
  for (const subject of of("subject")) {
    const kept = share(subject);
    if (kept > 0.995) found.push(["ok", "The subject is whole."]);
    else found.push([kept < 0.7 ? "bad" : "warn", `${Math.round(100 * kept)}% of the subject is inside.`]);
  }
  const texts = things.filter((thing) => !["face", "subject"].includes(thing.kind));
  const sliced = texts.filter((text) => share(text) > 0.03 && share(text) < 0.97).length;
  if (sliced) found.push(["bad", `${count(sliced, "line")} of text cut.`]);
  const kept = texts.filter((text) => share(text) >= 0.97).length;
  if (kept && !sliced) found.push(["ok", `${count(kept, "line")} of text whole.`]);
  const headline = of("headline");
  if (headline.length && headline.every((line) => share(line) <= 0.03)) {
    found.push(["warn", "The headline is left outside."]);
  }
  const under = [...faces, ...of("headline", "button")].filter((thing) => covered(thing) > 0.15).length;
  if (under) found.push(["warn", `${under} of the faces and lines under the app's own buttons or caption.`]);
  return found;
}

/* Relative luminance of sRGB 0..255, to choose light or dark words (WCAG 2.2). */
const luminance = (color) => {
  const [red, green, blue] = color.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

const hex = (text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));

/* The middle color of a list of RGBA bytes, a channel at a time. */
const middle = (bytes) =>
  [0, 1, 2].map((channel) => {
    const values = bytes.filter((_, at) => at % 4 === channel).sort();
    return values[values.length >> 1] ?? 128;
  });

/** The colors of the picture's rims: beside it left and right, or above and below, and around. */
function rimsOf(picture, isWide) {
  const canvas = document.createElement("canvas");
  const [width, height] = [128, 128];
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(picture, 0, 0, width, height);
  const part = (...box) => pen.getImageData(...box).data;
  const level = [part(0, 0, width, 1), part(0, height - 1, width, 1)];
  const upright = [part(0, 0, 1, height), part(width - 1, 0, 1, height)];
  const [first, last] = (isWide ? level : upright).map(middle);
  return { first, last, color: middle(Uint8Array.from([...level, ...upright].flatMap((bytes) => [...bytes]))) };
}

class Editor {
  constructor(root, data) {
    this.data = data;
    this.root = root;
    [this.wide, this.tall] = data.master;
    this.ratio = data.ratio[0] / data.ratio[1];
    this.stage = root.querySelector("[data-crop-stage]");
    this.box = root.querySelector("[data-crop-box]");
    this.part = (name) => root.querySelector(`[data-crop-${name}]`);
    this.field = (name) => root.querySelector(`[data-crop-field="${name}"]`);
    this.read();
    this.box.hidden = false;
    this.point = this.part("point");
    this.point.hidden = false;
    this.point.addEventListener("keydown", (event) => this.aim(event));
    this.point.addEventListener("pointerdown", (event) => this.drag(event));
    for (const name of ["focus_x", "focus_y"]) {
      this.field(name).addEventListener("input", () => this.show(name));
    }
    for (const choice of root.querySelectorAll("[name=way], [name=color]")) {
      choice.addEventListener("change", () => this.choose());
    }
    const master = this.part("master");
    if (master.complete) this.color();
    else master.addEventListener("load", () => this.color());
    this.box.addEventListener("pointerdown", (event) => this.grab(event));
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("click", (event) => this.center(event));
    for (const name of ["left", "top", "width"]) {
      this.field(name).addEventListener("input", () => this.typed(name));
      this.field(name).addEventListener("change", () => this.show());
    }
    this.show();
  }

  read() {
    const value = (name) => Number.parseInt(this.field(name).value, 10) || 0;
    this.place(value("left"), value("top"), value("width"));
  }

  typed(name) {
    if (this.field(name).value === "") return;
    this.read();
    this.show(name);
  }

  height(width = this.width) {
    return Math.min(this.tall, Math.round(width / this.ratio));
  }

  place(left, top, width) {
    this.width = clamp(Math.round(width), this.data.least, this.data.most);
    this.left = clamp(Math.round(left), 0, this.wide - this.width);
    this.top = clamp(Math.round(top), 0, this.tall - this.height());
  }

  /** Grows (or shrinks) around the middle. */
  grow(step) {
    const middle = [this.left + this.width / 2, this.top + this.height() / 2];
    const width = clamp(this.width + step, this.data.least, this.data.most);
    this.place(middle[0] - width / 2, middle[1] - this.height(width) / 2, width);
  }

  get way() {
    return this.root.querySelector("[name=way]:checked")?.value ?? "crop";
  }

  /* A way was chosen: brand grounds need one of the brand's colors. */
  choose() {
    const own = this.root.querySelector("[name=color][value='']");
    const brand = this.root.querySelector("[name=color]:not([value=''])");
    if (this.way === "brand" && own?.checked && brand) brand.checked = true;
    this.color();
    this.show();
  }

  /** Fills the previews with the color that is chosen, or the picture's own. */
  color() {
    const [width, height] = this.data.ratio;
    this.rims ??= rimsOf(this.part("master"), this.wide / this.tall > width / height);
    const chosen = this.root.querySelector("[name=color]:checked")?.value;
    for (const whole of this.root.querySelectorAll("[data-crop-whole]")) {
      const isBrand = whole.dataset.cropWhole === "brand";
      const brand = this.root.querySelector("[name=color]:not([value=''])")?.value;
      const wanted = chosen || (isBrand ? brand : "");
      const color = wanted ? hex(wanted) : this.rims.color;
      for (const rim of whole.querySelectorAll("[data-crop-fill]")) {
        const { cropFill } = rim.dataset;
        rim.setAttribute("fill", `rgb(${cropFill === "color" ? color : this.rims[cropFill]})`);
      }
      /* White where it reads at 4.5:1, else near-black; as the renderer decides. */
      const isDark = 1.05 / (luminance(color) + 0.05) < 4.5;
      for (const words of whole.querySelectorAll("text")) words.classList.toggle("is-dark", isDark);
    }
  }

  /* The point as shares of the master. */
  get focus() {
    const share = (name) => clamp(Number.parseInt(this.field(name).value, 10) || 0, 0, 100) / 100;
    return [share("focus_x"), share("focus_y")];
  }

  focusOn(x, y) {
    this.field("focus_x").value = clamp(Math.round(100 * x), 0, 100);
    this.field("focus_y").value = clamp(Math.round(100 * y), 0, 100);
    this.show();
  }

  aim(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 0.05 : 0.01;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(event.key in moves)) return;
    const [dx, dy] = moves[event.key];
    const [x, y] = this.focus;
    event.preventDefault();
    event.stopPropagation();
    this.focusOn(x + dx * step, y + dy * step);
  }

  drag(event) {
    if (event.button > 0) return;
    event.preventDefault();
    this.point.focus({ preventScroll: true });
    this.point.setPointerCapture(event.pointerId);
    const move = (at) => this.focusOn(...this.at(at));
    const stop = () => this.point.removeEventListener("pointermove", move);
    this.point.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) {
      this.point.addEventListener(name, stop, { once: true });
    }
  }

  /** Where on the master an event is, as shares. */
  at(event) {
    const area = this.stage.getBoundingClientRect();
    return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
  }

  /** The window that is cut: the box, or about the one that a focus point leads to. */
  window() {
    if (this.way !== "focus") return [this.left, this.top, this.width, this.height()];
    const [x, y] = this.focus;
    const [width, height] = [this.data.most, this.height(this.data.most)];
    const left = clamp(Math.round(x * this.wide - width / 2), 0, this.wide - width);
    return [left, clamp(Math.round(y * this.tall - height / 2), 0, this.tall - height), width, height];
  }

  show(typing = "") {
    const [left, top, width, height] = this.window();
    if (this.way === "focus") {
      const [x, y] = this.focus;
      Object.assign(this.point.style, { left: `${100 * x}%`, top: `${100 * y}%` });
      this.draw(left, top, width, height);
      return;
    }
    for (const [name, value] of Object.entries({ left, top, width })) {
      if (name !== typing) this.field(name).value = value;
    }
    const percent = (value, of) => `${(100 * value) / of}%`;
    Object.assign(this.box.style, {
      left: percent(left, this.wide),
      top: percent(top, this.tall),
      width: percent(width, this.wide),
      height: percent(height, this.tall),
    });
    this.draw(left, top, width, height);
  }

  draw(left, top, width, height) {
    const [right, bottom] = [left + width, top + height];
    this.part("shade").setAttribute(
      "d",
      `M0 0H${this.wide}V${this.tall}H0ZM${left} ${top}V${bottom}H${right}V${top}Z`,
    );
    for (const name of ["zone", "edge"]) {
      const values = { x: left, y: top, width, height };
      for (const [key, value] of Object.entries(values)) this.part(name).setAttribute(key, value);
    }
    this.part("preview").setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
    this.list([left, top, left + width, top + height]);
    this.say(width, height);
  }

  /** Findings of the window as it stands, while it moves. */
  list(window) {
    const found = findings(this.data.things, this.data.zone, window);
    this.part("findings").replaceChildren(
      ...found.map(([tone, text]) => {
        const item = document.createElement("li");
        item.className = `crop-${tone}`;
        item.textContent = text;
        return item;
      }),
    );
  }

  /** A click beside the box is the point to look at: the box moves there, at its size. */
  center(event) {
    if (this.root.classList.contains("is-drawing")) return;
    if (this.box.contains(event.target) || this.point.contains(event.target)) return;
    const [x, y] = this.at(event);
    if (this.way === "focus") {
      this.focusOn(x, y);
      return;
    }
    this.place(x * this.wide - this.width / 2, y * this.tall - this.height() / 2, this.width);
    this.show();
  }

  say(width, height) {
    const factor = this.data.ratio[0] / width;
    const soft = factor > 1.01 ? `, enlarged ${factor.toFixed(2)} times` : "";
    clearTimeout(this.saying);
    /* After a pause: a reader should not hear every pixel. */
    this.saying = setTimeout(() => {
      this.part("says").textContent = `${width} × ${height} of the master${soft}`;
    }, 150);
  }

  grab(event) {
    if (event.button > 0) return;
    event.preventDefault();
    this.box.focus({ preventScroll: true });
    const corner = event.target.closest("[data-crop-handle]")?.dataset.cropHandle ?? "";
    const scale = this.wide / this.stage.clientWidth;
    const from = { x: event.clientX, y: event.clientY, left: this.left, top: this.top, width: this.width };
    this.box.setPointerCapture(event.pointerId);
    const move = (at) => {
      const dx = (at.clientX - from.x) * scale;
      const dy = (at.clientY - from.y) * scale;
      if (corner) this.pull(corner, from, dx, dy);
      else this.place(from.left + dx, from.top + dy, from.width);
      this.show();
    };
    const stop = () => {
      this.box.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) this.box.removeEventListener(name, stop);
    };
    this.box.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.box.addEventListener(name, stop);
  }

  /** Pulls one corner; the opposite corner stays where it is. */
  pull(corner, from, dx, dy) {
    const east = corner.includes("e");
    const south = corner.includes("s");
    const tall = this.height(from.width);
    const wanted = Math.max(from.width + (east ? dx : -dx), (tall + (south ? dy : -dy)) * this.ratio);
    const room = Math.min(
      east ? this.wide - from.left : from.left + from.width,
      (south ? this.tall - from.top : from.top + tall) * this.ratio,
    );
    const width = Math.round(clamp(wanted, this.data.least, Math.min(room, this.data.most)));
    const left = east ? from.left : from.left + from.width - width;
    this.place(left, south ? from.top : from.top + tall - this.height(width), width);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 10 : 1;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const [dx, dy] = moves[event.key] ?? [0, 0];
    if (dx || dy) this.place(this.left + dx * step, this.top + dy * step, this.width);
    else if (event.key === "+" || event.key === "=") this.grow(10);
    else if (event.key === "-" || event.key === "_") this.grow(-10);
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.show();
  }
}

/** A logo drawn on the master fills the four figures of its form; the figures are the truth. */
class Marker {
  constructor(form, editor) {
    this.editor = editor;
    this.button = form.querySelector("[data-marks-draw]");
    this.field = (name) => form.querySelector(`[data-mark-field="${name}"]`);
    for (const hidden of form.querySelectorAll("[data-marks-draw], [data-marks-draw-hint]")) {
      hidden.hidden = false;
    }
    this.button.addEventListener("click", () => this.turn(!this.isOn));
    for (const name of ["left", "top", "wide", "high"]) {
      this.field(name).addEventListener("input", () => this.show());
    }
    editor.stage.addEventListener("pointerdown", (event) => this.start(event), { capture: true });
  }

  get isOn() {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  turn(on) {
    this.button.setAttribute("aria-pressed", String(on));
    this.editor.root.classList.toggle("is-drawing", on);
    if (on && !["crop", "focus"].includes(this.editor.way)) {
      this.editor.root.querySelector("[name=way][value=crop]").click();
    }
    if (on) this.editor.stage.scrollIntoView({ block: "nearest" });
  }

  start(event) {
    if (!this.isOn || event.button > 0) return;
    event.preventDefault();
    event.stopPropagation();
    const { stage } = this.editor;
    const from = this.editor.at(event);
    stage.setPointerCapture(event.pointerId);
    const move = (at) => this.fill(from, this.editor.at(at));
    stage.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) {
      stage.addEventListener(
        name,
        () => {
          stage.removeEventListener("pointermove", move);
          /* after the click that follows, or it would move the crop */
          setTimeout(() => this.turn(false));
        },
        { once: true },
      );
    }
  }

  fill(from, to) {
    const ends = [0, 1].map((axis) => [from[axis], to[axis]].map((v) => clamp(v, 0, 1)).sort((a, b) => a - b));
    const percent = (value) => (100 * value).toFixed(1);
    this.field("left").value = percent(ends[0][0]);
    this.field("top").value = percent(ends[1][0]);
    this.field("wide").value = percent(ends[0][1] - ends[0][0]);
    this.field("high").value = percent(ends[1][1] - ends[1][0]);
    this.show();
  }

  show() {
    const share = (name) => (Number.parseFloat(this.field(name).value) || 0) / 100;
    const { wide, tall } = this.editor;
    const drawn = this.editor.part("drawn");
    drawn.setAttribute("x", share("left") * wide);
    drawn.setAttribute("y", share("top") * tall);
    drawn.setAttribute("width", share("wide") * wide);
    drawn.setAttribute("height", share("high") * tall);
  }
}

for (const root of document.querySelectorAll("[data-crop]")) {
  const editor = new Editor(root, readData("crop-data"));
  for (const form of document.querySelectorAll("[data-marks]")) new Marker(form, editor);
}
