// Brings a part of a page up to date: only what differs is touched, so that nothing else is laid out or drawn anew, and
// a picture, a choice, what was opened and the focus stay. `old` becomes what `fresh` is; both are elements of the same name.
export function renew(old, fresh) {
  if (old.nodeName === "CANVAS" || old.isEqualNode(fresh)) return; // what is drawn in a canvas is the page's own
  if (old.nodeType !== Node.ELEMENT_NODE) { old.nodeValue = fresh.nodeValue; return; }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  children(old, fresh);
}

const keyOf = (node) => node.dataset?.id ?? node.dataset?.feed;

function children(old, fresh) {
  const wanted = new Set([...fresh.children].map(keyOf)), known = new Map();
  for (const one of [...old.children]) {
    const key = keyOf(one);
    if (key === undefined) continue;
    if (wanted.has(key)) known.set(key, one);
    else { if (one.nextSibling?.nodeType === Node.TEXT_NODE) one.nextSibling.remove(); one.remove(); }
  }
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const key = keyOf(next), same = key === undefined ? (at && keyOf(at) === undefined && at.nodeName === next.nodeName ? at : null) : known.get(key);
    if (!same) { old.insertBefore(next, at); continue; }
    if (same === at) at = at.nextSibling; else old.insertBefore(same, at);
    renew(same, next);
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
}
