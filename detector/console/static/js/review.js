// One possible violation a screen. Going on swaps the middle of the page: map and player stay, nothing is loaded twice.
import { ask, keys, messages, post, say, titled } from "./base.js";
import { makeMap } from "./map.js";

const part = document.getElementById("review-part");
const article = () => part.querySelector("article");
const MOST_AHEAD_BYTES = 24 * 1024 * 1024;
let map = null, close = true, shown = null;
const ahead = new Map(); // id -> { html, film: a player with its clip in memory and its first picture decoded }

// Evidence

function views() { return [...part.querySelectorAll("[role=tab]")]; }

function choose(tab, focus = false) {
  for (const other of views()) {
    const on = other === tab;
    other.setAttribute("aria-selected", on);
    other.tabIndex = on ? 0 : -1;
    const view = document.getElementById(other.getAttribute("aria-controls"));
    view.hidden = !on;
    const picture = view.querySelector("img[data-src]");
    if (on && picture) { picture.src = picture.dataset.src; delete picture.dataset.src; }
    const video = view.querySelector("video");
    if (video) on ? video.play().catch(() => {}) : video.pause();
  }
  if (focus) tab.focus();
}

function video() { return part.querySelector(".view:not([hidden]) video"); }
function step(frames) {
  const film = video();
  if (!film) return;
  film.pause();
  film.currentTime = Math.max(0, film.currentTime + frames / 25);
}
function faster(by) {
  const film = video();
  if (!film) return;
  film.playbackRate = Math.min(Math.max(film.playbackRate * by, 0.125), 4);
  say(`${messages.speed} ${film.playbackRate}×`, 1200);
}

// Going on

part.addEventListener("click", (event) => {
  const hit = (selector) => event.target.closest(selector);
  const tab = hit("[role=tab]"), verdict = hit("[data-verdict]"), link = hit("[data-step][href], .near a");
  if (tab) choose(tab);
  else if (verdict) give(verdict.dataset.verdict);
  else if (hit("[data-undo]")) undo();
  else if (hit("[data-join]")) join();
  else if (hit("[data-split]")) split();
  else if (link && !(event.ctrlKey || event.metaKey || event.shiftKey || event.button)) {
    event.preventDefault();
    go(link.getAttribute("href").split("/").pop());
  }
});
part.addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key], tab = event.target.closest("[role=tab]");
  if (tab && by) { event.preventDefault(); const all = views(); choose(all[(all.indexOf(tab) + by + all.length) % all.length], true); }
  if (event.target.id === "note" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.blur();
});

function arrive() {
  const now = article();
  part.querySelector("video")?.play().catch(() => {});
  titled(`${now.dataset.title} · trucewatch`);
  drawMap();
  prefetch(now.dataset.after);
}

async function fetchPart(id) { return (await ask(`/part/review/${id}`)).text(); }

// What was asked for before somebody went on must not take them back when it comes.
let turn = 0;

async function go(id, push = true) {
  if (!id) { say(messages.no_way); return; }
  const mine = ++turn;
  try {
    const known = ahead.get(id);
    ahead.delete(id);
    const html = known?.html ?? (await fetchPart(id));
    if (mine !== turn) return;
    swap(html, known?.film);
    if (push) history.pushState({ id }, "", `/review/${id}`);
    part.querySelector("h1").focus({ preventScroll: true });
    scrollTo(0, 0);
  } catch (error) { say(messages.failed.replace("%s", error.message)); }
}

function parsed(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  return fresh.content;
}

function swap(html, film) {
  const fresh = parsed(html);
  if (film) fresh.querySelector("video")?.replaceWith(film);
  for (const old of part.querySelectorAll("video, audio")) { old.pause(); if (old.src.startsWith("blob:")) URL.revokeObjectURL(old.src); }
  part.replaceChildren(fresh);
  arrive();
}

async function prefetch(id) {
  if (!id || ahead.has(id)) return;
  forget();
  try {
    const html = await fetchPart(id);
    const inert = parsed(html).querySelector("video"), known = { html };
    ahead.set(id, known);
    if (!inert) return;
    const answer = await ask(inert.getAttribute("src"));
    if (Number(answer.headers.get("content-length")) > MOST_AHEAD_BYTES) { answer.body?.cancel(); return; }
    const clip = await answer.blob();
    if (ahead.get(id) !== known) return;
    inert.removeAttribute("src");
    inert.removeAttribute("autoplay");
    const film = document.importNode(inert);
    film.src = URL.createObjectURL(clip);
    film.load();
    known.film = film;
  } catch { /* it is fetched again when it is shown */ }
}

function forget() {
  for (const { film } of ahead.values()) if (film) { URL.revokeObjectURL(film.src); film.removeAttribute("src"); film.load(); }
  ahead.clear();
}

// Verdicts

// The last thing that this person did: { id, back: the route that takes it back }.
const LAST = "last-word";
let busy = false;

async function reviewing(work) {
  if (article().dataset.reviewer !== "1") { say(messages.not_reviewer); return; }
  if (busy) return;
  busy = true;
  try { await work(); } catch (error) { say(messages.failed.replace("%s", error.message), 6000); }
  busy = false;
}
const remember = (id, back) => sessionStorage.setItem(LAST, JSON.stringify({ id, back }));
const note = () => part.querySelector("#note").value;

const give = (verdict) => reviewing(async () => {
  const { id, after } = article().dataset;
  await post(`/api/violations/${id}/verdicts`, { verdict, note: note() });
  remember(id, "undo");
  say(messages.given.replace("%s", messages[verdict]));
  if (after && after !== id) { dropOld(after); await go(after); } else { say(messages.no_more); await again(); }
});

const undo = () => reviewing(async () => {
  const { id, back } = JSON.parse(sessionStorage.getItem(LAST)) ?? { id: article().dataset.id, back: "undo" };
  try { await post(`/api/violations/${id}/${back}`); } catch (error) {
    if (error.status === 409) { say(messages.nothing_to_undo); return; }
    throw error;
  }
  sessionStorage.removeItem(LAST);
  say(messages.undone);
  forget();
  if (id === article().dataset.id) await again(); else await go(id);
});

// What belongs together

const chosen = (kind) => [...part.querySelectorAll(`.near input[data-${kind}]:checked`)].map((box) => box.value);
const group = (name, body) => reviewing(async () => {
  const { id } = article().dataset;
  await post(`/api/violations/${id}/${name}`, { ...body, note: note() });
  remember(id, "regroup");
  say(messages[name === "join" ? "joined" : "split"]);
  forget();
  part.querySelector("#note").value = "";
  for (const box of part.querySelectorAll(".near input:checked")) box.checked = false;
  await again();
});
const join = () => { const others = chosen("other"); others.length ? group("join", { others }) : say(messages.choose_others); };
const split = () => {
  const apart = chosen("record"), witnesses = chosen("witness");
  apart.length || witnesses.length ? group("split", { apart, witnesses }) : say(messages.choose_parts);
};

// What was fetched ahead counts those that wait as they were then.
function dropOld(id) { const known = ahead.get(id); if (known) known.html = undefined; }

// The same one, as the log has it now. Player, view and a note that is being written stay as they are.
const CHANGING = [".head-line", ".both", ".decide", ".said", ".reasons", ".near"];
const chosenBoxes = () => [...part.querySelectorAll(".near input:checked")].map((box) => box.value);

async function again() {
  const mine = turn, { id } = article().dataset, html = await fetchPart(id);
  if (mine !== turn || article().dataset.id !== id) return;
  const now = article(), fresh = parsed(html), next = fresh.querySelector("article"), boxes = chosenBoxes();
  if (next.dataset.files !== now.dataset.files) { swap(html); return; }
  for (const selector of CHANGING) {
    const [old, renewed] = [now.querySelector(selector), next.querySelector(selector)];
    if (old && renewed && old.outerHTML !== renewed.outerHTML) old.replaceWith(document.importNode(renewed, true));
  }
  for (const box of part.querySelectorAll(".near input")) box.checked = boxes.includes(box.value);
  Object.assign(now.dataset, next.dataset);
  prefetch(now.dataset.after);
}

// Map

async function drawMap() {
  const now = article(), id = now.dataset.id;
  if (!map || !now.dataset.map) return;
  map.fill(now.dataset.zone);
  try {
    const collection = await (await ask(now.dataset.map)).json();
    if (article().dataset.id !== id) return;
    shown = collection;
    map.show(collection);
    fit();
  } catch (error) { say(messages.failed.replace("%s", error.message)); }
}
function fit() {
  if (!map || !shown) return;
  if (close && shown.features.length) map.fit(shown); else map.fit(shown, map.agreement);
}

// Keys

for (const key of "crue") keys.set(key, () => give({ c: "confirmed", r: "rejected", u: "undetermined", e: "exercise" }[key]));
keys.set("z", undo);
keys.set("i", join);
keys.set("x", split);
for (let number = 1; number < 10; number++) keys.set(`${number}`, () => part.querySelectorAll(".near input")[number - 1]?.click());
keys.set("n", () => part.querySelector("#note")?.focus());
for (const key of ["j", "ArrowRight"]) keys.set(key, () => go(article().dataset.after));
for (const key of ["k", "ArrowLeft"]) keys.set(key, () => go(article().dataset.before));
keys.set(" ", () => { const film = video(); if (film) film.paused ? film.play() : film.pause(); });
keys.set(",", () => step(-1));
keys.set(".", () => step(1));
keys.set("[", () => faster(0.5));
keys.set("]", () => faster(2));
keys.set("v", () => { const all = views(); if (all.length) choose(all[(all.findIndex((one) => one.getAttribute("aria-selected") === "true") + 1) % all.length]); });
keys.set("m", () => { close = !close; fit(); });

addEventListener("popstate", () => go(location.pathname.split("/").pop(), false));
// The other party's word, or the end of an incident.
document.addEventListener("news", () => { if (!busy) again().catch(() => {}); });

arrive();
map = await makeMap(document.getElementById("map"));
drawMap();
