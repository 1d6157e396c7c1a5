/* The mask editor: brush, lasso and click on an object, each to paint or to take away; undo and
   redo, zoom; all of it by keyboard as well. It makes a PNG; sending it is the page's work. */
import { post } from "./http.js";
import { registerKeys } from "./keys.js";
import { area, rings, show, stroke, toFile } from "./mask_shapes.js";

const SMALLEST = 8;
const LARGEST = 400;
const STEPS = 1.25;
const ZOOMS = [1, 1.5, 2, 3, 4];
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HINTS = {
  brush: "Drag to paint. By keyboard: arrows move, Enter puts the brush down and lifts it.",
  lasso: "Drag around it, or click corner after corner and the first again. By keyboard: arrows move, Enter sets a corner, C closes.",
  object: "Click on a thing to mark it whole. By keyboard: arrows move, Enter picks.",
};

/** Starts the editor in `root`; gives { isPainted(), toFile() }. */
export function startPainter(root) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const view = root.querySelector(".painter-view");
  const [canvas, top] = root.querySelectorAll("canvas");
  const { width, height } = canvas;
  const said = find("painter-said");
  let shapes = [];
  let undone = [];
  let tool = "brush";
  let takes = false;
  let zoom = 0;
  let current = null;
  let corners = [];
  let cursor = [width / 2, height / 2];
  let byKeys = false;
  let looking = false;
  let brush = Math.max(SMALLEST, Math.round(Math.min(width, height) / 14));

  const say = (text) => { said.textContent = text; };
  const press = (button, on) => button.setAttribute("aria-pressed", String(on));

  const refresh = () => {
    show(canvas, shapes);
    find("paint-undo").disabled = !shapes.length;
    find("paint-redo").disabled = !undone.length;
    find("paint-clear").disabled = !shapes.length;
    find("brush-size").textContent = `${brush} px`;
    find("zoom-now").textContent = `${Math.round(ZOOMS[zoom] * 100)} %`;
    find("painted").textContent = shapes.length ? `${shapes.length} ${shapes.length === 1 ? "mark" : "marks"}` : "Nothing painted";
    for (const button of root.querySelectorAll("[data-tool]")) press(button, button.dataset.tool === tool);
    for (const button of root.querySelectorAll("[data-takes]")) press(button, (button.dataset.takes === "1") === takes);
    find("painter-hint").textContent = HINTS[tool];
    view.dataset.tool = tool;
    drawTop();
  };

  /* The open lasso and the keyboard's cross: white on black, so that they show on any ground. */
  function drawTop() {
    const context = top.getContext("2d");
    const unit = Math.max(1.5, width / Math.max(240, view.clientWidth));
    context.clearRect(0, 0, width, height);
    const line = (points) => {
      for (const [color, thick] of [["#0f1117", 4], ["#fff", 2]]) {
        context.strokeStyle = color;
        context.lineWidth = thick * unit;
        context.beginPath();
        points.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
        context.stroke();
      }
    };
    if (corners.length) {
      line([...corners, ...(byKeys ? [cursor] : [])]);
      const [x, y] = corners[0];
      line([[x - 5 * unit, y - 5 * unit], [x + 5 * unit, y - 5 * unit], [x + 5 * unit, y + 5 * unit], [x - 5 * unit, y + 5 * unit], [x - 5 * unit, y - 5 * unit]]);
    }
    if (byKeys) {
      const [x, y] = cursor;
      line([[x - 14 * unit, y], [x + 14 * unit, y]]);
      line([[x, y - 14 * unit], [x, y + 14 * unit]]);
    }
  }

  const add = (shape, text) => {
    shapes.push(shape);
    undone = [];
    refresh();
    say(text);
  };

  const back = () => {
    if (corners.length) corners.pop();
    else if (shapes.length) undone.push(shapes.pop());
    else return false;
    current = null;
    refresh();
    say("Undone.");
    return true;
  };
  const again = () => {
    if (!undone.length) return false;
    shapes.push(undone.pop());
    refresh();
    say("Done again.");
    return true;
  };

  const close = () => {
    if (corners.length > 2) add(area([corners], takes), takes ? "Area taken away." : "Area painted.");
    corners = [];
    drawTop();
  };

  const corner = (point) => {
    const near = 12 * (width / view.clientWidth);
    const [first] = corners;
    if (corners.length > 2 && Math.hypot(point[0] - first[0], point[1] - first[1]) < near) {
      close();
      return;
    }
    corners.push(point);
    drawTop();
    say(`Corner ${corners.length}.`);
  };

  async function ask(data, text) {
    if (looking) return null;
    looking = true;
    root.setAttribute("aria-busy", "true");
    say(text);
    const result = await post(root.dataset.pickUrl, data);
    looking = false;
    root.removeAttribute("aria-busy");
    if (!result.ok) say(result.message);
    return result.ok ? result.data : null;
  }

  async function pick([x, y]) {
    const found = await ask({ x: (x / width).toFixed(4), y: (y / height).toFixed(4) }, "Looking at what lies there …");
    if (!found) return;
    const share = `${Math.max(0.1, found.share * 100).toFixed(found.share < 0.1 ? 1 : 0)} % of the picture`;
    add(area(rings(found.outlines, width, height), takes), `${takes ? "Taken away" : "Marked"}: ${share}. Mend the rim with the brush.`);
  }

  async function list() {
    const found = await ask({}, "Looking for objects …");
    if (!found) return;
    const box = find("objects");
    box.replaceChildren(...found.objects.map((one) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-s";
      button.textContent = one.name;
      button.addEventListener("click", () => add(area(rings(one.outlines, width, height), takes), `${one.name} ${takes ? "taken away" : "marked"}.`));
      return button;
    }));
    const count = found.objects.length;
    say(count ? `${count} found. Choose what to ${takes ? "take away" : "mark"}.` : "No subject, face or word found. Use click on object, brush or lasso.");
    box.querySelector("button")?.focus();
  }

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * width) / box.width, ((event.clientY - box.top) * height) / box.height];
  };

  top.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    top.focus({ preventScroll: true });
    byKeys = false;
    if (tool === "object") {
      pick(at(event));
      return;
    }
    top.setPointerCapture(event.pointerId);
    current = stroke(brush, takes);
    current.points.push(at(event));
    if (tool === "brush") add(current, "");
  });
  top.addEventListener("pointermove", (event) => {
    if (!current || byKeys) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) current.points.push(at(one));
    if (tool === "brush") show(canvas, shapes);
    else if (far(current.points)) {
      corners = current.points;
      drawTop();
    }
  });
  const far = (points) => {
    const [[x, y]] = points;
    return points.some(([a, b]) => Math.hypot(a - x, b - y) > 8 * (width / view.clientWidth));
  };
  const lift = () => {
    if (!current || byKeys) return;
    if (tool === "lasso") {
      if (far(current.points)) {
        corners = current.points;
        close();
      } else corner(current.points[0]);
    }
    current = null;
  };
  for (const name of ["pointerup", "pointercancel"]) top.addEventListener(name, lift);

  const act = () => {
    if (tool === "object") pick(cursor);
    else if (tool === "lasso") corner([...cursor]);
    else if (current) {
      current = null;
      say("Brush lifted.");
    } else {
      current = stroke(brush, takes);
      current.points.push([...cursor]);
      add(current, "Brush down: move with the arrows.");
    }
  };

  top.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = MOVES[event.key];
    if (way) {
      const step = (event.shiftKey ? 0.05 : 0.01) * Math.max(width, height);
      byKeys = true;
      cursor = [Math.min(width, Math.max(0, cursor[0] + way[0] * step)), Math.min(height, Math.max(0, cursor[1] + way[1] * step))];
      if (current) {
        current.points.push([...cursor]);
        show(canvas, shapes);
      }
      drawTop();
    } else if (event.key === "Enter" || event.key === " ") {
      byKeys = true;
      act();
      drawTop();
    } else if (event.key.toLowerCase() === "c" && corners.length > 2) close();
    else if (event.key === "Escape" && (corners.length || current)) {
      corners = [];
      current = null;
      drawTop();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  const scale = (by) => {
    const scroll = view.parentElement;
    const middle = (scroll.scrollLeft + scroll.clientWidth / 2) / view.clientWidth;
    const level = (scroll.scrollTop + scroll.clientHeight / 2) / view.clientHeight;
    if (!zoom) view.dataset.fit = String(view.clientWidth);
    zoom = Math.min(ZOOMS.length - 1, Math.max(0, zoom + by));
    scroll.classList.toggle("is-zoomed", zoom > 0);
    view.style.width = zoom ? `${Number(view.dataset.fit) * ZOOMS[zoom]}px` : "";
    scroll.scrollTo(middle * view.clientWidth - scroll.clientWidth / 2, level * view.clientHeight - scroll.clientHeight / 2);
    refresh();
  };
  const resize = (direction) => {
    brush = Math.round(Math.max(SMALLEST, Math.min(LARGEST, direction > 0 ? brush * STEPS : brush / STEPS)));
    refresh();
  };

  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { tool: wanted, takes: taking, brush: sized, zoomBy } = button.dataset;
    if (wanted) {
      tool = wanted;
      corners = [];
      current = null;
    } else if (taking) takes = taking === "1";
    else if (sized) resize(Number(sized));
    else if (zoomBy) scale(Number(zoomBy));
    else if (button.matches("[data-paint-undo]")) back();
    else if (button.matches("[data-paint-redo]")) again();
    else if (button.matches("[data-paint-clear]")) {
      undone = [...shapes].reverse();
      shapes = [];
    } else if (button.matches("[data-find-objects]")) list();
    else return;
    refresh();
  });
  const isShown = () => canvas.checkVisibility?.() ?? true;
  registerKeys("Mask", [
    { keys: "Mod z", label: "Undo a mark", run: back },
    { keys: "Mod Shift z", label: "Do it again", run: again },
  ], { when: isShown });
  root.hidden = false;
  refresh();

  return {
    isPainted: () => shapes.some((shape) => !shape.takes),
    toFile: () => toFile(width, height, shapes),
  };
}
