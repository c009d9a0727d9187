// One possible violation a screen. Going on swaps the middle of the page: map and player stay, nothing is loaded twice.
import { drop, fetchPart, forget, forgetText, parsed, prefetch, taken, withFilm } from "./ahead.js";
import { TRY_AGAIN_MS, ask, because, complain, keys, messages, patiently, post, say, titled, who, whyNot } from "./base.js";
import { keep, kept } from "./draft.js";
import { insist, makeMap } from "./map.js";
import { renew } from "./renew.js";

const part = document.getElementById("review-part");
const article = () => part.querySelector("article");
let map = null, close = true, shown = null;

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
  const now = article(), field = part.querySelector("#note");
  if (field && !field.value) field.value = kept(now.dataset.id);
  for (const one of part.querySelectorAll(".view :is(video, img)")) if (one.error || (one.complete && one.getAttribute("src") && !one.naturalWidth)) broken(one);
  part.querySelector("video")?.play().catch(() => {});
  titled(`${now.dataset.title} · trucewatch`);
  drawMap();
  prefetch(now.dataset.after);
}

// A black screen looks like a dark night: what cannot be shown says so.
function broken(media) {
  media.hidden = true;
  if (media.parentElement.querySelector(".trouble")) return;
  media.after(Object.assign(document.createElement("p"), { className: "trouble", textContent: messages.no_media }));
}
part.addEventListener("error", ({ target }) => { if (target.matches(".view :is(video, img)")) broken(target); }, true);

// What was asked for before somebody went on must not take them back when it comes; nor away from a note they have begun.
let turn = 0;
part.addEventListener("focusin", ({ target }) => { if (target.id === "note") turn++; });
part.addEventListener("input", ({ target }) => { if (target.id === "note") keep(article().dataset.id, target.value); });

async function go(id, push = true, trouble = messages.not_shown) {
  if (!id) { say(messages.no_way); return; }
  const mine = ++turn, known = taken(id);
  try {
    const html = known.html ?? (await patiently(() => fetchPart(id)));
    if (mine === turn) {
      swap(withFilm(parsed(html), known));
      if (push) history.pushState({ id }, "", `/review/${id}`);
      part.querySelector("h1").focus({ preventScroll: true });
      scrollTo(0, 0);
      return;
    }
  } catch (error) { if (mine === turn) complain(because(trouble, error)); }
  drop(known);
  if (!push) history.replaceState({}, "", `/review/${article().dataset.id}`); // the address is of what is shown
}

function swap(fresh) {
  for (const old of part.querySelectorAll("video, audio")) { old.pause(); if (old.src.startsWith("blob:")) URL.revokeObjectURL(old.src); }
  part.replaceChildren(fresh);
  arrive();
}

// Verdicts

// What this person did in this tab and has not taken back, the newest last: { id, back: the route that takes it back, words }.
const DONE = "done", MOST_DONE = 100;
let busy = false;

async function reviewing(work) {
  if (article().dataset.reviewer !== "1") { say(messages.not_reviewer); return; }
  if (busy) { say(messages.waits, 60000); return; }
  busy = true;
  try { await work(); } catch (error) { complain(whyNot(error)); }
  busy = false;
}
const done = () => { const known = JSON.parse(sessionStorage.getItem(DONE)); return known?.who === who ? known.all : []; };
const putDone = (all) => sessionStorage.setItem(DONE, JSON.stringify({ who, all: all.slice(-MOST_DONE) }));
const remember = (id, back, words) => putDone([...done(), { id, back, words }]);
const own = ({ history }) => history.filter((one) => one.party === article().dataset.party);
const note = () => part.querySelector("#note").value;

const give = (verdict) => reviewing(async () => {
  const { id, after, words } = article().dataset, written = note(), mine = turn;
  const now = await (await post(`/api/violations/${id}/verdicts`, { verdict, note: written })).json();
  const said = own(now), over = said.length > Number(words) + 1 && said.at(-2).reviewer !== who; // than was on the screen
  remember(id, "undo", said.length);
  if (kept(id) === written) keep(id, "");
  const given = `${messages.given.replace("%s", messages[verdict])}${over ? ` ${messages.over_another}` : ""}`;
  if (over) complain(given); else say(given);
  forgetText(); // it counts those that wait as they were before
  // Unless they have gone elsewhere meanwhile, or begun to write; or what a colleague has said is to be read.
  if (!over && mine === turn && after && after !== id) await go(after, true, `${given} ${messages.next_not_shown}`);
  else if (!over && mine === turn) say(messages.no_more);
  if (article().dataset.id === id) await again().catch(() => {});
});

// Back, step by step, and never forth: what was taken back is not done again.
const undo = () => reviewing(async () => {
  const all = done(), seen = article().dataset, { id, back, words } = all.pop() ?? { id: seen.id, back: "undo", words: Number(seen.words) };
  let said = messages.undone;
  try {
    const now = await (await post(`/api/violations/${id}/${back}`, back === "undo" ? { words } : {})).json();
    if (back === "undo") for (const one of all) if (one.id === id && one.back === "undo") one.words = own(now).length;
  } catch (error) {
    if (error.status === 409) said = messages.nothing_to_undo;
    else if (error.status === 412) said = messages.said_since;
    else throw error;
  }
  putDone(all);
  say(said);
  if (said === messages.nothing_to_undo) return;
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
  keep(id, "");
  for (const box of part.querySelectorAll(".near input:checked")) box.checked = false;
  await again();
});
const join = () => { const others = chosen("other"); others.length ? group("join", { others }) : say(messages.choose_others); };
const split = () => {
  const apart = chosen("record"), witnesses = chosen("witness");
  apart.length || witnesses.length ? group("split", { apart, witnesses }) : say(messages.choose_parts);
};

// The same one, as the log has it now. Player, view and a note that is being written stay as they are.
const CHANGING = [".head", ".both", ".decide", ".said", ".reasons", ".near"];
const chosenBoxes = () => [...part.querySelectorAll(".near input:checked")].map((box) => box.value);

async function again() {
  const mine = turn, { id } = article().dataset, html = await fetchPart(id);
  if (mine !== turn || article().dataset.id !== id) return;
  const now = article(), next = document.importNode(parsed(html), true).querySelector("article"), boxes = chosenBoxes();
  const [seen, grown] = [now, next].map((one) => one.querySelector(".viewer")), more = next.dataset.files !== now.dataset.files;
  for (const selector of CHANGING) {
    const [old, renewed] = [now.querySelector(selector), next.querySelector(selector)];
    if (old && renewed) renew(old, renewed);
  }
  for (const box of part.querySelectorAll(".near input")) box.checked = boxes.includes(box.value);
  Object.assign(now.dataset, next.dataset);
  if (more) { seen.replaceWith(grown); arrive(); } // its evidence has come
  else prefetch(now.dataset.after);
}

// Map

// Until the place comes, the agreement's map is shown: not the whole world, and not the place of the one before.
const NOTHING = { type: "FeatureCollection", features: [] }, MOMENT_MS = 400;
let placed = null; // id of the one whose place is shown
function unplaced(id) {
  if (article().dataset.id !== id || placed === id) return;
  [shown, placed] = [null, null];
  map.show(NOTHING);
  map.fit(map.agreement);
}

async function drawMap() {
  const now = article(), id = now.dataset.id;
  if (!map || !now.dataset.map) return;
  map.fill(now.dataset.zone);
  if (!placed) unplaced(id);
  const late = setTimeout(() => unplaced(id), MOMENT_MS);
  await insist(document.getElementById("map"), async () => {
    if (article().dataset.id !== id) return;
    const collection = await (await ask(now.dataset.map)).json();
    if (article().dataset.id !== id) return;
    [shown, placed] = [collection, id];
    map.show(collection);
    fit();
  });
  clearTimeout(late);
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
let retry = null;
function renewed() {
  forgetText();
  if (!busy) again().catch((error) => {
    say(because(messages.not_shown, error), TRY_AGAIN_MS + 1000);
    clearTimeout(retry);
    retry = setTimeout(renewed, TRY_AGAIN_MS);
  });
}
document.addEventListener("news", renewed);

arrive();
map = await makeMap(document.getElementById("map"));
drawMap();
