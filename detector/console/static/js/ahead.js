// The next one is fetched while this one is looked at: its text, and a player with its clip in memory and its first picture
// decoded. At most one; what the log says since makes its text old, never its clip.
import { ask } from "./base.js";

const MOST_BYTES = 24 * 1024 * 1024;
let next = null, age = 0; // next: { id, html, film, src }; html null: it is old

export const fetchPart = async (id) => (await ask(`/part/review/${id}`)).text();

export function parsed(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  return fresh.content;
}

export function forgetText() {
  age++;
  if (next) next.html = null;
}

export function drop({ film }) {
  if (!film) return;
  URL.revokeObjectURL(film.src);
  film.removeAttribute("src");
  film.load();
}

export function forget() {
  drop(next ?? {});
  next = null;
}

// What is known of it, handed over.
export function taken(id) {
  if (next?.id !== id) return {};
  const known = next;
  next = null;
  return known;
}

// A part of a page, with the player in place of its own if that would show the same clip.
export function withFilm(content, { film, src }) {
  const own = content.querySelector("video");
  if (film && own?.getAttribute("src") === src) own.replaceWith(film);
  return content;
}

export async function prefetch(id) {
  if (!id || next?.id === id) return;
  forget();
  const known = next = { id, html: null, film: null, src: null }, mine = age;
  try {
    const html = await fetchPart(id), inert = parsed(html).querySelector("video");
    if (mine === age) known.html = html;
    if (!inert || next !== known) return;
    const src = inert.getAttribute("src"), answer = await ask(src, { signal: null });
    if (Number(answer.headers.get("content-length")) > MOST_BYTES) { answer.body?.cancel(); return; }
    const clip = await answer.blob();
    if (next !== known) return;
    inert.removeAttribute("src");
    inert.removeAttribute("autoplay");
    const film = document.importNode(inert);
    film.src = URL.createObjectURL(clip);
    film.load();
    Object.assign(known, { film, src });
  } catch { /* it is fetched again when it is shown */ }
}
