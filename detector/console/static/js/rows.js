// Rows that j and k go through and Enter opens, and that a reviewer joins; the choice survives when they are drawn anew.
import { complain, keys, messages, post, say, whyNot } from "./base.js";
import { keep, kept } from "./draft.js";

let chosen = null, place = -1; // its id, and its place among the rows, for when it is there no more
const ticked = new Set();
const rows = () => [...document.querySelectorAll("[data-id]")].filter((row) => row.matches("tr, li"));

function mark() {
  const all = rows(), at = all.findIndex((row) => row.dataset.id === chosen);
  all.forEach((row, i) => row.classList.toggle("on", i === at));
  if (at >= 0) place = at; else chosen = null;
}

function step(by) {
  const all = rows(), last = all.length - 1;
  if (last < 0) return;
  const next = chosen !== null ? place + by : place < 0 ? (by > 0 ? 0 : last) : place + Math.min(by, 0);
  const row = all[Math.min(Math.max(next, 0), last)];
  chosen = row.dataset.id;
  mark();
  row.scrollIntoView({ block: "nearest" });
}

for (const key of ["j", "ArrowDown"]) keys.set(key, () => step(1));
for (const key of ["k", "ArrowUp"]) keys.set(key, () => step(-1));
keys.set("Enter", () => rows().find((row) => row.dataset.id === chosen)?.querySelector("a")?.click());

// Joining: what began first stays.
const LAST = "last-joining";
const boxes = () => [...document.querySelectorAll("input.choose")];
const button = document.querySelector("[data-join]");

function count() {
  ticked.clear();
  for (const box of boxes()) if (box.checked) ticked.add(box.value);
  button.disabled = ticked.size < 2;
}

async function join() {
  const began = (id) => document.querySelector(`tr[data-id="${id}"] time`).dateTime;
  const [id, ...others] = [...ticked].sort((a, b) => (began(a) < began(b) ? -1 : 1));
  if (!others.length) { say(messages.choose_two); return; }
  await send(`/api/violations/${id}/join`, { others }, messages.joined, () => keep(LAST, id));
}

async function back() {
  const id = kept(LAST);
  if (!id) { say(messages.nothing_to_undo); return; }
  await send(`/api/violations/${id}/regroup`, {}, messages.undone, () => keep(LAST, ""), { 409: messages.nothing_to_undo, 412: messages.said_since });
}

let busy = false;
async function send(url, body, told, then, refused = {}) {
  if (busy) { say(messages.waits, 60000); return; }
  busy = true;
  try {
    await post(url, body);
    then();
    for (const box of boxes()) box.checked = false;
    count();
    say(told);
    document.dispatchEvent(new CustomEvent("news"));
  } catch (error) { complain(refused[error.status] ?? whyNot(error)); }
  busy = false;
}

if (button) {
  keys.set("x", () => rows().find((row) => row.dataset.id === chosen)?.querySelector("input.choose")?.click());
  keys.set("i", join);
  keys.set("z", back);
  button.addEventListener("click", join);
  document.addEventListener("change", (event) => { if (event.target.matches("input.choose")) count(); });
}

export function again() {
  mark();
  for (const box of boxes()) box.checked = ticked.has(box.value);
  if (button) count();
}
