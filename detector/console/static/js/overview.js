import { ask, keys, messages, nowMs, paced, put as say } from "./base.js";
import { follow } from "./live.js";
import { insist, makeMap } from "./map.js";
import { keepFresh } from "./part.js";
import { renew } from "./renew.js";
import { again } from "./rows.js";

const MAP_MS = 1000; // between two drawings of the map, which is drawn whole: ground passes at walking pace
const element = document.getElementById("map"), NOTHING = { features: [] };
let map = null; // it comes last: nothing waits for it

// The map: all that is known at first, then what came since.
let after = null;
const draw = paced(async () => {
  if (!map) return;
  const first = after === null, found = await insist(element, async () => (await ask(element.dataset.places + (first ? "" : `?after=${after}`))).json());
  if (found.seq < after) { after = null; map.show(NOTHING); return draw(); } // another log than before
  map.change(found);
  after = found.seq;
  if (first) map.fit(map.agreement, found);
}, MAP_MS);
keys.set("m", () => map?.fit(map.agreement));

// Running feeds: state, numbers and the newest picture, pushed as they change; boxes are drawn here, from data.
const feeds = new Map(); // name -> { now: what it says, picture: its newest, said: what it said with it }
const changed = new Set(), undrawn = new Set(); // names
const canvasOf = (name) => tileOf(name)?.querySelector("canvas");
const tileOf = (name) => document.querySelector(`.tile[data-feed="${CSS.escape(name)}"]`);
keepFresh(() => {
  again();
  draw();
  for (const name of feeds.keys()) {
    update(name);
    if (!canvasOf(name)?.dataset.painted) undrawn.add(name); // a tile that is new: a frozen feed sends no other picture
  }
  if (undrawn.size) paint();
});

const outline = paced(() => {
  map?.footprints([...feeds.values()].filter((one) => one.now.state !== "trouble").map((one) => one.now.said.footprint));
}, MAP_MS);

// A feed that is new, or is run no more: the tiles are asked for again.
const outdated = () => [...changed].some((name) => feeds.has(name) && tileOf(name)?.dataset.live !== "1")
  || [...document.querySelectorAll(".tile[data-live='1']")].some((tile) => !feeds.has(tile.dataset.feed));
function forget(name) {
  feeds.delete(name);
  undrawn.delete(name);
}

follow({
  began() { for (const name of feeds.keys()) forget(name); },
  took(name, now) {
    if (now.state === "gone") forget(name); else feeds.set(name, { ...feeds.get(name), now });
    changed.add(name);
  },
  pictured(name, picture) {
    const one = feeds.get(name);
    Object.assign(one, { picture, said: one.now.said });
    undrawn.add(name);
  },
  async drawn() {
    if (outdated()) document.dispatchEvent(new CustomEvent("news"));
    await paint(() => { for (const name of changed) update(name); changed.clear(); });
    outline();
  },
});

function update(name) {
  const tile = tileOf(name), { state, why, doing, said } = feeds.get(name)?.now ?? {};
  if (!tile || !state) return;
  if (!tile.classList.contains(state)) {
    tile.classList.remove("live", "frozen", "trouble", "ended", "quiet");
    tile.classList.add(state);
  }
  write(tile.querySelector(".state"), messages[`state_${state}`]);
  const reason = tile.querySelector(".why-not");
  if (!(reason.hidden && !why && !doing)) sayWhy(reason, feeds.get(name).now);
  if (typeof said.lag_s === "number") write(tile.querySelector('[data-live-value="lag_s"]'), `${said.lag_s.toFixed(1)} s`);
  const ahead = tile.querySelector('[data-live-value="delay_s"]');
  if (ahead && typeof said.delay_s === "number") write(ahead, `+ ${said.delay_s.toFixed(1)} s`);
  if (said.t_ns) write(tile.querySelector('[data-live-value="t_ns"]'), moment(said.t_ns));
}

function sayWhy(element, { why, doing, since_ns: sinceNs }) {
  const told = doing && upper(messages.doing[doing]), fresh = element.cloneNode(false);
  fresh.hidden = !why && !doing;
  say(fresh, !doing ? why : { text: sinceNs ? messages.since.replace("%1", told).replace("%2", moment(sinceNs)) : told, detail: why });
  renew(element, fresh);
}

const upper = (text) => `${text[0].toLocaleUpperCase(document.documentElement.lang)}${text.slice(1)}`;
const iso = (ms) => new Date(ms).toISOString();
const clock = (ns) => iso(ns / 1e6).slice(11, 19);
const moment = (ns) => (iso(ns / 1e6).slice(0, 10) === iso(nowMs()).slice(0, 10) ? "" : `${iso(ns / 1e6).slice(0, 10)} `) + clock(ns); // its day, unless that is today

function write(element, text) { if (element.textContent !== text) element.textContent = text; }

// Pictures that are not yet drawn and can be seen, all in one frame: each frame is put together whole.
async function paint(meanwhile) {
  const pictures = await Promise.all([...undrawn].map(decoded));
  await new Promise(requestAnimationFrame);
  meanwhile?.();
  for (const one of pictures) if (one) put(one);
}

async function decoded(name) {
  const canvas = canvasOf(name), { picture, said } = feeds.get(name) ?? {};
  if (!canvas || !picture) { undrawn.delete(name); return null; }
  const { width, top, bottom } = canvas.getBoundingClientRect();
  if (bottom <= 0 || top >= innerHeight || !width) return null; // it is drawn when it comes into view
  undrawn.delete(name);
  try {
    const bitmap = await createImageBitmap(picture, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    return { canvas, bitmap, said, width: Math.min(bitmap.width, Math.round(width * devicePixelRatio)) };
  } catch { return null; } // a picture that cannot be read is passed over: the next one comes
}
addEventListener("scroll", () => { if (undrawn.size) paint(); }, { passive: true, capture: true });

function put({ canvas, bitmap, said, width }) {
  const height = Math.round((width * bitmap.height) / bitmap.width);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.dataset.painted = 1;
  const pen = canvas.getContext("2d", { alpha: false });
  pen.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  if (!Array.isArray(said.size_px)) return;
  const scale = width / said.size_px[0];
  pen.strokeStyle = "#ffb454";
  pen.lineWidth = width / 420;
  for (const { xyxy_px: [x0, y0, x1, y1] } of said.tracks ?? []) pen.strokeRect(x0 * scale, y0 * scale, (x1 - x0) * scale, (y1 - y0) * scale);
}

map = await makeMap(element);
draw();
outline();
