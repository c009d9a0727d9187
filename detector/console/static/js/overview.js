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
keepFresh(() => { again(); draw(false); });
keys.set("m", () => map?.fit(map.agreement));
draw(true);

// Running feeds: state, numbers and the newest picture as often as they change; boxes are drawn here, from data.
const shownAt = new Map(); // feed -> time of the picture on the screen
const EVERY_MS = 500;

async function look() {
  if (!document.hidden) {
    try {
      const feeds = await (await ask("/api/feeds")).json();
      const tiles = new Map([...document.querySelectorAll(".tile")].map((tile) => [tile.dataset.feed, tile]));
      map?.footprints(feeds.filter((one) => one.state !== "trouble").map((one) => one.said.footprint));
      if (feeds.some((one) => tiles.get(one.name)?.dataset.live !== "1")) document.dispatchEvent(new CustomEvent("news"));
      await Promise.all(feeds.map((one) => tiles.has(one.name) && update(tiles.get(one.name), one)));
    } catch { /* the top of the page says that there is no connection */ }
  }
  setTimeout(look, EVERY_MS);
}

async function update(tile, { name, state, why, said }) {
  tile.classList.remove("live", "frozen", "trouble", "ended", "quiet");
  tile.classList.add(state);
  write(tile.querySelector(".state"), messages[`state_${state}`]);
  const reason = tile.querySelector(".why-not");
  reason.hidden = !why;
  write(reason, why);
  if (typeof said.lag_s === "number") write(tile.querySelector('[data-live-value="lag_s"]'), `${said.lag_s.toFixed(1)} s`);
  if (said.t_ns) write(tile.querySelector('[data-live-value="t_ns"]'), new Date(said.t_ns / 1e6).toISOString().slice(11, 19));
  const canvas = tile.querySelector("canvas");
  if (!canvas || (shownAt.get(name) === said.t_ns && canvas.dataset.painted)) return;
  const answer = await ask(`/api/feeds/${encodeURIComponent(name)}/picture`);
  if (answer.status === 204) return;
  paint(canvas, await createImageBitmap(await answer.blob()), said);
  canvas.dataset.painted = 1;
  shownAt.set(name, said.t_ns);
}

function write(element, text) { if (element.textContent !== text) element.textContent = text; }

function paint(canvas, picture, said) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  if (!Array.isArray(said.size_px)) return;
  const scale = picture.width / said.size_px[0];
  pen.strokeStyle = "#ffb454";
  pen.lineWidth = 1.5;
  for (const { xyxy_px: [x0, y0, x1, y1] } of said.tracks ?? []) pen.strokeRect(x0 * scale, y0 * scale, (x1 - x0) * scale, (y1 - y0) * scale);
}
look();
