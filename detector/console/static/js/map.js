// The agreement's own zones and lines on a plain ground. No borders: those of other maps take sides. Far out, the coast.
import { TRY_AGAIN_MS, ask, because, messages, put } from "./base.js";
import { makeBase, makeCoast } from "./base_map.js";
import { makeFound } from "./found.js";

let maplibregl = null; // large: the page's keys do not wait for it

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--map-${name}`).trim();

const LATE_MS = 1500;

// Tried until it comes: what is missing on a map is said on it, and what does not come.
export async function insist(element, work) {
  const words = document.createElement("p");
  words.setAttribute("role", "status");
  for (;;) {
    const late = words.isConnected ? null : setTimeout(() => {
      Object.assign(words, { className: "map-none waiting", textContent: messages.waits });
      element.after(words);
    }, LATE_MS);
    try {
      const done = await work();
      clearTimeout(late);
      words.remove();
      return done;
    } catch (error) {
      clearTimeout(late);
      words.className = "map-none trouble";
      put(words, because(messages.no_map, error));
      element.after(words);
      await new Promise((go) => setTimeout(go, TRY_AGAIN_MS));
    }
  }
}

// null where the browser draws none.
export async function makeMap(element) {
  const [agreement, about] = await insist(element, async () => {
    maplibregl ??= await import("/static/vendor/maplibre-gl/maplibre-gl.mjs").catch(() => { throw new Error(messages.no_answer); });
    return Promise.all([element.dataset.map, "/api/base-map"].map(async (url) => (await ask(url)).json()));
  });
  let map;
  try {
    map = new maplibregl.Map({
      container: element,
      style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": colour("ground") } }] },
      center: [0, 0], zoom: 1, attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false,
      fadeDuration: 0, maxZoom: 20, trackResize: false,
      locale: { "Map.Title": messages.map, "NavigationControl.ZoomIn": messages.zoom_in, "NavigationControl.ZoomOut": messages.zoom_out },
    });
  } catch {
    element.innerHTML = "";
    element.append(Object.assign(document.createElement("p"), { className: "map-none", textContent: messages.no_webgl }));
    return null;
  }
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 110 }), "bottom-left");
  await new Promise((ready) => (map.isStyleLoaded() ? ready() : map.once("load", ready)));
  const base = makeBase(map, element, colour, about);
  map.addSource("agreement", { type: "geojson", data: agreement });
  const add = (id, type, kind, paint) => map.addLayer({ id, type, source: "agreement", filter: ["==", ["get", "kind"], kind], paint });
  add("zone", "fill", "zone", {});
  add("zone-edge", "line", "zone", { "line-width": 1.4 });
  add("line", "line", "line", { "line-width": 2.2, "line-dasharray": [3, 2] });
  const coast = makeCoast(map, colour);
  const found = makeFound(map, colour);
  const paint = () => {
    const set = (layer, name, value) => map.setPaintProperty(layer, name, value);
    set("ground", "background-color", colour("ground"));
    base.paint();
    coast.paint();
    set("zone", "fill-color", colour("zone"));
    set("zone-edge", "line-color", colour("zone"));
    set("line", "line-color", colour("line"));
    found.later();
  };
  const fill = (zone) => map.setPaintProperty("zone", "fill-opacity", ["case", ["==", ["get", "id"], zone ?? ""], 0.2, 0.1]);
  paint();
  fill();
  document.addEventListener("theme", paint);
  const tall = new ResizeObserver(() => map.resize());
  tall.observe(element);
  let labels = [], names = [];
  const named = (features) => {
    for (const one of names) one.remove();
    names = features.map((one) => label(map, one.properties.name, labelPlace(one.geometry), one.properties.kind));
  };
  named(agreement.features);
  let due = null; // once names stand where they belong: they are moved by what moves the map, some of them after this is told
  const uncover = () => { due ??= requestAnimationFrame(() => { due = null; apart(map, found.places(), [...names, ...labels]); }); };
  map.on("move", uncover);
  return {
    map, agreement, fill, footprints: found.footprints,
    marker: (options) => new maplibregl.Marker(options),
    redraw(features) {
      map.getSource("agreement").setData({ type: "FeatureCollection", features });
      named(features);
      uncover();
    },
    show(collection) {
      found.show(collection);
      for (const one of labels) one.remove();
      labels = collection.features.filter((one) => one.properties.layer === "sensor" && one.properties.name)
        .map((one) => label(map, one.properties.name, one.geometry.coordinates, "sensor"));
      uncover();
    },
    change(news) {
      found.change(news);
      uncover();
    },
    fit(...collections) {
      const box = bounds(collections.flatMap((one) => one.features));
      if (box) map.fitBounds(box, { padding: 46, maxZoom: 16.2, animate: false });
    },
  };
}

function label(map, text, place, kind) {
  const element = Object.assign(document.createElement("span"), { className: `map-label ${kind}`, textContent: text });
  const offset = kind === "sensor" ? [0, 13] : [0, -9];
  return new maplibregl.Marker({ element, anchor: "center", offset, opacityWhenCovered: "1" }).setLngLat(place).addTo(map);
}

// A name that would lie over a place or another name is left out; but where places are many no name would be left.
const MANY = 100;
function apart(map, places, labels) {
  const rail = map.getContainer().getBoundingClientRect();
  const boxes = (places.length > MANY ? [] : places).map((one) => map.project(one)).map(({ x, y }) => ({ left: rail.left + x - 6, right: rail.left + x + 6, top: rail.top + y - 6, bottom: rail.top + y + 6 }));
  for (const one of labels) {
    const element = one.getElement();
    const box = element.getBoundingClientRect();
    const covered = boxes.some((other) => box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top);
    element.style.visibility = covered ? "hidden" : "";
    if (!covered) boxes.push(box);
  }
}

function points(geometry) {
  const flat = (one) => (typeof one[0] === "number" ? [one] : one.flatMap(flat));
  return flat(geometry.coordinates);
}

// A zone is named in the middle of its lower edge, a line near its western end: where little else lies.
function labelPlace(geometry) {
  const all = points(geometry);
  const [lon, lat] = [all.map((one) => one[0]), all.map((one) => one[1])];
  if (geometry.type === "LineString") return [Math.min(...lon) * 0.8 + Math.max(...lon) * 0.2, all[0][1]];
  return [(Math.min(...lon) + Math.max(...lon)) / 2, Math.min(...lat)];
}

function bounds(features) {
  const all = features.filter((one) => one.geometry && one.properties.layer !== "camera").flatMap((one) => points(one.geometry));
  if (!all.length) return null;
  const [lon, lat] = [all.map((one) => one[0]), all.map((one) => one[1])];
  return [[Math.min(...lon), Math.min(...lat)], [Math.max(...lon), Math.max(...lat)]];
}
