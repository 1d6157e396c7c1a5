/* Makes an element's content equal to some HTML while keeping what a person is doing with it.
   Children match by id or data-id, else by tag in order. It knows nothing about requests. */

const KEPT_CLASS = /^is-/;
const key = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset?.id || "" : "");
const alike = (one, other) =>
  one.nodeType === other.nodeType && one.nodeName === other.nodeName && key(one) === key(other);

/* A person holds it: it must not be moved or taken away now. */
const held = (node) =>
  node.nodeType === Node.ELEMENT_NODE && !node.matches("[data-live-loose]") &&
  (node.matches(":hover, [data-dragging]") || node.contains(document.activeElement) || node.matches(":has(dialog[open], details.menu[open])"));

const isContainer = (node) => node.nodeType === Node.ELEMENT_NODE && !key(node);

function attributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (to.hasAttribute(name) || (name === "open" && from.matches("details, dialog"))) continue;
    if (name === "style" || name === "data-dragging" || name === "data-live-loose" || name === "aria-busy") continue;
    if (name === "class" && [...from.classList].some((one) => KEPT_CLASS.test(one))) continue;
    from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    let wanted = value;
    if (name === "open" && from.matches("details, dialog")) continue;
    if (name === "class") {
      const kept = [...from.classList].filter((one) => KEPT_CLASS.test(one) && !to.classList.contains(one));
      wanted = [value, ...kept].join(" ");
    }
    if (from.getAttribute(name) !== wanted) from.setAttribute(name, wanted);
  }
}

/* What somebody typed or ticked since the page was drawn stays; the rest follows the server. */
function control(from, to) {
  if (from instanceof HTMLInputElement && /^(checkbox|radio)$/.test(from.type)) {
    if (from.checked === from.defaultChecked) from.checked = to.defaultChecked;
  } else if (from instanceof HTMLInputElement && from.type !== "file") {
    if (from !== document.activeElement && from.value === from.defaultValue) from.value = to.defaultValue;
  }
}

function one(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (from.matches("[data-live-keep]") || from.isEqualNode(to)) return;
  if (from.matches("video, audio") && !from.paused && from.getAttribute("src") === to.getAttribute("src")) return;
  control(from, to);
  attributes(from, to);
  if (from.matches("textarea")) {
    const untouched = from.value === from.defaultValue && from !== document.activeElement;
    if (from.defaultValue !== to.defaultValue && untouched) from.value = from.defaultValue = to.defaultValue;
    return;
  }
  if (from.matches("select") && from === document.activeElement) return;
  children(from, to);
}

function children(from, to) {
  const known = new Map();
  for (const node of from.childNodes) if (key(node)) known.set(key(node), node);
  const wanted = new Set([...to.childNodes].map(key).filter(Boolean));
  const stays = (node) => held(node) && (key(node) || !isContainer(node));
  const still = [...from.childNodes].find((node) => key(node) && stays(node));

  /* Nothing moves under the pointer: with a held child the order stays as it is, new ones go last. */
  if (still) {
    for (const next of [...to.childNodes]) {
      const now = key(next) ? known.get(key(next)) : null;
      if (now && now.nodeName === next.nodeName) one(now, next);
      else if (key(next) && !now) from.append(next);
    }
    for (const [name, node] of known) if (!wanted.has(name) && !held(node) && isAfter(node, still)) node.remove();
    from.setAttribute("data-live-late", "");
    return;
  }
  from.removeAttribute("data-live-late");
  let place = from.firstChild;
  for (const next of [...to.childNodes]) {
    let match = key(next) ? known.get(key(next)) : null;
    if (match && match.nodeName !== next.nodeName) match = null;
    if (!key(next)) {
      match = place;
      while (match && !alike(match, next)) match = key(match) ? null : match.nextSibling;
    }
    if (!match) {
      from.insertBefore(next, place);
      continue;
    }
    while (place && place !== match && !wanted.has(key(place))) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
    if (match === place) place = place.nextSibling;
    else from.insertBefore(match, place);
    one(match, next);
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

const isAfter = (node, other) => Boolean(other.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING);

/** Morphs the content of `element` to `html`. False: something is held, so the order is not yet right. */
export function morph(element, html) {
  const target = document.createElement("template");
  if (typeof html === "string") target.innerHTML = html;
  else target.content.append(html);
  const wrap = element.cloneNode(false);
  wrap.append(target.content);
  const spots = [...document.querySelectorAll("*")].filter((node) => (node.scrollTop || node.scrollLeft) && (node.contains(element) || element.contains(node)))
    .map((node) => [node, node.scrollTop, node.scrollLeft]);
  children(element, wrap);
  for (const [node, top, left] of spots) {
    if (node.scrollTop !== top) node.scrollTop = top;
    if (node.scrollLeft !== left) node.scrollLeft = left;
  }
  return !element.matches("[data-live-late], :has([data-live-late])");
}
