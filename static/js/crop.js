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
    else found.push([kept < 0.7 ? "bad" : "warn", `${Math.round(100 * kept)} % of the subject is inside.`]);
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

class Editor {
  constructor(root, data) {
    this.data = data;
    [this.wide, this.tall] = data.master;
    this.ratio = data.ratio[0] / data.ratio[1];
    this.stage = root.querySelector("[data-crop-stage]");
    this.box = root.querySelector("[data-crop-box]");
    this.part = (name) => root.querySelector(`[data-crop-${name}]`);
    this.field = (name) => root.querySelector(`[data-crop-field="${name}"]`);
    this.read();
    this.box.hidden = false;
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

  show(typing = "") {
    const { left, top, width } = this;
    const height = this.height();
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
    this.list();
    this.say(width, height);
  }

  /** Findings of the window as it stands, while it moves. */
  list() {
    const window = [this.left, this.top, this.left + this.width, this.top + this.height()];
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
    if (this.box.contains(event.target)) return;
    const area = this.stage.getBoundingClientRect();
    const scale = this.wide / area.width;
    const [x, y] = [(event.clientX - area.left) * scale, (event.clientY - area.top) * scale];
    this.place(x - this.width / 2, y - this.height() / 2, this.width);
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

for (const root of document.querySelectorAll("[data-crop]")) new Editor(root, readData("crop-data"));
