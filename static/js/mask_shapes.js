/* What a mask is made of: strokes and areas in the order they were made, added or taken away.
   Draws them; knows no page, no tool and no server. Points are pixels of the picture. */

const GROUND = "rgb(226 38 77 / 46%)";
const STRIPE = "rgb(255 255 255 / 85%)";

/** A line of `width` pixels; one point is a dab. */
export const stroke = (width, takes) => ({ kind: "stroke", width, takes, points: [] });

/** Closed rings; `takes` takes them out of the mask. */
export const area = (rings, takes) => ({ kind: "area", rings, takes });

/** Outlines from the server (x, y, x, y … as shares) as rings of pixels. */
export const rings = (outlines, width, height) =>
  outlines.map((flat) => {
    const ring = [];
    for (let at = 0; at < flat.length; at += 2) ring.push([flat[at] * width, flat[at + 1] * height]);
    return ring;
  });

function trace(target, shape) {
  target.beginPath();
  if (shape.kind === "area") {
    for (const ring of shape.rings) {
      ring.forEach(([x, y], at) => (at ? target.lineTo(x, y) : target.moveTo(x, y)));
      target.closePath();
    }
    target.fill();
    return;
  }
  const [first, ...rest] = shape.points;
  if (!first) return;
  if (!rest.length) {
    target.arc(first[0], first[1], shape.width / 2, 0, 2 * Math.PI);
    target.fill();
    return;
  }
  target.lineCap = target.lineJoin = "round";
  target.lineWidth = shape.width;
  target.moveTo(...first);
  for (const point of rest) target.lineTo(...point);
  target.stroke();
}

function lay(target, shapes, color) {
  target.fillStyle = target.strokeStyle = color;
  for (const shape of shapes) {
    target.globalCompositeOperation = shape.takes ? "destination-out" : "source-over";
    trace(target, shape);
  }
  target.globalCompositeOperation = "source-over";
}

/* Stripes on a red veil: the mask is seen without telling colors apart, on any picture. */
function stripes(target, unit) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = unit * 4;
  const context = tile.getContext("2d");
  context.fillStyle = GROUND;
  context.fillRect(0, 0, tile.width, tile.height);
  context.strokeStyle = STRIPE;
  context.lineWidth = unit;
  context.beginPath();
  for (const at of [-4, 0, 4]) {
    context.moveTo(unit * (at - 1), unit * 5);
    context.lineTo(unit * (at + 5), unit * -1);
  }
  context.stroke();
  return target.createPattern(tile, "repeat");
}

/** Shows the mask on a canvas of the picture's size. */
export function show(canvas, shapes) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  lay(context, shapes, "#000");
  context.globalCompositeOperation = "source-in";
  context.fillStyle = stripes(context, Math.max(2, Math.round(canvas.width / 220)));
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "source-over";
}

/** White on black, of the picture's own size, as a PNG file. */
export function toFile(width, height, shapes) {
  const flat = document.createElement("canvas");
  flat.width = width;
  flat.height = height;
  const context = flat.getContext("2d");
  lay(context, shapes, "#fff");
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  return new Promise((resolve) => {
    flat.toBlob((blob) => resolve(new File([blob], "mask.png", { type: "image/png" })), "image/png");
  });
}
