import { ask, keys } from "./base.js";
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

// Pictures of running feeds: the newest one, as often as it changes; boxes are drawn here, from data.
const known = new Map();
async function look() {
  for (const tile of document.querySelectorAll('[data-live="1"]')) {
    const canvas = tile.querySelector("canvas"), feed = tile.dataset.feed;
    if (!canvas || document.hidden) continue;
    try {
      const said = await (await ask(`/api/feeds/${encodeURIComponent(feed)}`)).json();
      if (known.get(feed) === said.t_ns) continue;
      known.set(feed, said.t_ns);
      const picture = await createImageBitmap(await (await ask(`/api/feeds/${encodeURIComponent(feed)}/picture`)).blob());
      paint(canvas, picture, said);
      const lag = tile.querySelector('[data-live-value="lag_s"]');
      if (typeof said.lag_s === "number") lag.textContent = `${said.lag_s.toFixed(1)} s`;
    } catch { /* the tile says so when it is drawn anew */ }
  }
  setTimeout(look, 500);
}
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
