import { ask, keys, messages } from "./base.js";
import { makeMap } from "./map.js";
import { keepFresh } from "./part.js";
import { again } from "./rows.js";

const element = document.getElementById("map");
const map = await makeMap(element);

async function draw(first) {
  if (!map) return;
  const found = await (await ask(element.dataset.places)).json();
  map.show(found);
  if (first) map.fit(map.agreement, found);
}
// Tiles that are drawn anew have what is known painted in at once: a frozen feed sends no other picture.
keepFresh(() => { again(); draw(false); for (const name of feeds.keys()) { update(name); paint(name); } });
keys.set("m", () => map?.fit(map.agreement));
draw(true);

// Running feeds: state, numbers and the newest picture, pushed as they change; boxes are drawn here, from data.
const feeds = new Map(); // name -> { now: what it says, picture: its newest }
const tileOf = (name) => document.querySelector(`.tile[data-feed="${CSS.escape(name)}"]`);

function listen() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`);
  socket.binaryType = "blob";
  let last = null, turn = Promise.resolve();
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") {
      const now = JSON.parse(data);
      last = now.name;
      feeds.set(last, { ...feeds.get(last), now });
      if (tileOf(last)?.dataset.live !== "1") document.dispatchEvent(new CustomEvent("news"));
      update(last);
      outline();
      return;
    }
    const name = last, { now } = feeds.get(name);
    turn = turn.then(() => createImageBitmap(data)).then((picture) => {
      feeds.get(name).picture?.close();
      feeds.set(name, { ...feeds.get(name), picture, said: now.said });
      paint(name);
    }).catch(() => {}); // a picture that cannot be read is passed over: the next one comes
  };
  socket.onclose = ({ code }) => { if (!document.hidden && code !== NOT_ALLOWED) setTimeout(attend, 2000); };
  return socket;
}
const NOT_ALLOWED = 4401;
let socket = null;
function attend() {
  if (document.hidden) { socket?.close(); socket = null; } else if (!socket || socket.readyState > WebSocket.OPEN) socket = listen();
}
document.addEventListener("visibilitychange", attend);

function update(name) {
  const tile = tileOf(name), { state, why, said } = feeds.get(name).now;
  if (!tile) return;
  tile.classList.remove("live", "frozen", "trouble", "ended", "quiet");
  tile.classList.add(state);
  write(tile.querySelector(".state"), messages[`state_${state}`]);
  const reason = tile.querySelector(".why-not");
  reason.hidden = !why;
  write(reason, why);
  if (typeof said.lag_s === "number") write(tile.querySelector('[data-live-value="lag_s"]'), `${said.lag_s.toFixed(1)} s`);
  const ahead = tile.querySelector('[data-live-value="delay_s"]');
  if (ahead && typeof said.delay_s === "number") write(ahead, `+ ${said.delay_s.toFixed(1)} s`);
  if (said.t_ns) write(tile.querySelector('[data-live-value="t_ns"]'), new Date(said.t_ns / 1e6).toISOString().slice(11, 19));
}

// The map is drawn whole each time: once a second is enough for ground that passes at walking pace.
let outlining = null;
function outline() {
  outlining ??= setTimeout(() => {
    outlining = null;
    map?.footprints([...feeds.values()].filter((one) => one.now.state !== "trouble").map((one) => one.now.said.footprint));
  }, 1000);
}

function write(element, text) { if (element.textContent !== text) element.textContent = text; }

function paint(name) {
  const canvas = tileOf(name)?.querySelector("canvas"), { picture, said } = feeds.get(name);
  if (!canvas || !picture) return;
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.dataset.painted = 1;
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  if (!Array.isArray(said.size_px)) return;
  const scale = picture.width / said.size_px[0];
  pen.strokeStyle = "#ffb454";
  pen.lineWidth = 1.5;
  for (const { xyxy_px: [x0, y0, x1, y1] } of said.tracks ?? []) pen.strokeRect(x0 * scale, y0 * scale, (x1 - x0) * scale, (y1 - y0) * scale);
}
attend();
