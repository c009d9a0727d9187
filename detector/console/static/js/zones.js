// Zones and lines: drawn on the map or written as text, tried on what was, saved as a new version by the server.
import { ask, keys, post, put, whyNot } from "./base.js";
import { keep, kept } from "./draft.js";
import { insist, makeMap } from "./map.js";

const NOTHING = "[]"; // of what was drawn
const root = document.getElementById("zones");
if (root) start();

// A shape: { id, name, kind, points, whole: what is on the map or null, simple, removed, both: it is another on the map than what was drawn from }
async function start() {
  const element = document.getElementById("map"), form = document.getElementById("shape"), list = document.getElementById("shapes");
  const draw = document.getElementById("draw"), trial = document.getElementById("trial"), save = document.getElementById("save");
  const fields = form.elements;
  const map = await makeMap(element);
  const drawn = map ? map.agreement : await insist(element, async () => (await ask(element.dataset.map)).json());
  const shapes = drawn.features.map(shapeOf), unsaved = `shapes ${root.dataset.base.replace(/\.\d{8}T\d{6}Z/, "")}`; // of whatever version
  const free = (kind) => { let number = 1; while (shapes.some(({ id }) => id === `${kind}-${number}`)) number++; return `${kind}-${number}`; };
  // What was drawn is put on whatever version is shown now: of a shape that is another there, it is said.
  for (const { whole, ...mine } of JSON.parse(kept(unsaved) || NOTHING)) {
    const known = shapes.find(({ id }) => id === mine.id), isNew = whole === null;
    if (known && !isNew) Object.assign(known, mine, { both: mine.both || said(known.whole) !== said(whole) });
    else if (!mine.removed) shapes.push({ ...mine, id: known ? free(mine.kind) : mine.id, both: !isNew, whole: null });
  }
  const pixels = new Map(); // markers by corner
  let now = null, corner = null, drawing = false;
  const open = () => shapes.filter((shape) => (shape.removed ? shape.whole !== null : isChanged(shape)));
  const written = () => JSON.stringify(open());
  const isSaved = () => written() === NOTHING;
  if (map) {
    insist(element, async () => map.show(await (await ask(element.dataset.places)).json()));
    map.fit(drawn);
    map.map.on("click", ({ lngLat }) => { if (drawing && now) { now.points.push(rounded(lngLat)); changed(); } });
    map.map.doubleClickZoom.disable();
  }

  function choose(shape, focus = false) {
    now = shape;
    corner = null;
    setDrawing(false);
    form.hidden = trial.hidden = !shape;
    if (shape) {
      fields.id.value = shape.id;
      fields.id.readOnly = shape.whole !== null;
      for (const one of [fields.id, fields.points]) one.removeAttribute("aria-invalid");
      fields.name.value = shape.name;
      for (const one of [fields.points, draw, fields.name]) one.disabled = !shape.simple || shape.removed;
      fields.points.value = shape.simple ? text(shape.points) : root.dataset.parts;
      document.getElementById("remove").disabled = shape.removed;
      document.getElementById("outcome").replaceChildren();
      map?.fill(shape.id);
    }
    show();
    if (focus) list.querySelector("[aria-current]")?.focus();
  }

  // Everything that is seen, from what is known.
  function show() {
    list.replaceChildren(...shapes.map((shape) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet" });
      const state = shape.removed ? "removed" : shape.whole === null ? "new" : isChanged(shape) ? "changed" : "";
      button.append(Object.assign(document.createElement("b"), { textContent: shape.name || shape.id || "…" }));
      button.append(Object.assign(document.createElement("small"), { textContent: [shape.kind === "line" ? "—" : "▱", shape.id, state && root.dataset[shape.both ? "both" : state]].filter(Boolean).join(" · ") }));
      if (shape === now) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => choose(shape));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }));
    const waiting = open();
    keep(unsaved, isSaved() ? "" : written());
    if (save) {
      save.disabled = !waiting.length;
      const pending = document.getElementById("pending");
      pending.textContent = waiting.length ? waiting.map((shape) => shape.name || shape.id).join(", ") : pending.dataset.none;
    }
    if (!map) return;
    map.redraw(shapes.filter((shape) => !shape.removed).map(featureOf).filter(Boolean));
    corners();
  }

  function changed() {
    fields.points.value = text(now.points);
    show();
  }

  function corners() {
    for (const marker of pixels.values()) marker.remove();
    pixels.clear();
    if (!now || !now.simple || now.removed) return;
    const { points } = now, closed = now.kind === "zone" && points.length > 2;
    points.forEach((point, i) => {
      const marker = handle(point, `corner${i === corner ? " on" : ""}`);
      marker.on("dragstart", () => { corner = i; });
      marker.on("drag", () => { points[i] = rounded(marker.getLngLat()); live(); });
      marker.on("dragend", changed);
      marker.getElement().addEventListener("click", (event) => { event.stopPropagation(); corner = i; corners(); });
      pixels.set(`c${i}`, marker);
      const next = points[(i + 1) % points.length];
      if (i + 1 === points.length && !closed) return;
      const middle = [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2];
      const between = handle(middle, "corner between", false);
      between.getElement().addEventListener("click", (event) => {
        event.stopPropagation();
        points.splice(i + 1, 0, rounded({ lng: middle[0], lat: middle[1] }));
        corner = i + 1;
        changed();
      });
      pixels.set(`m${i}`, between);
    });
  }
  function live() {
    fields.points.value = text(now.points);
    map.redraw(shapes.filter((shape) => !shape.removed).map(featureOf).filter(Boolean));
  }
  function handle(place, className, draggable = true) {
    const element = Object.assign(document.createElement("div"), { className });
    return map.marker({ element, draggable, anchor: "center" }).setLngLat(place).addTo(map.map);
  }

  function setDrawing(on) {
    drawing = on;
    draw.setAttribute("aria-pressed", on);
    if (map) map.map.getCanvas().style.cursor = on ? "crosshair" : "";
  }
  function add(kind) {
    const shape = { id: free(kind), name: "", kind, points: [], whole: null, simple: true, removed: false, both: false };
    shapes.push(shape);
    choose(shape);
    setDrawing(true);
  }
  function restore() {
    if (!now) return;
    if (now.whole === null) { shapes.splice(shapes.indexOf(now), 1); choose(null); return; }
    Object.assign(now, shapeOf(now.whole));
    choose(now);
  }
  function remove() {
    if (!now) return;
    if (now.whole === null) { restore(); return; }
    now.removed = true;
    choose(now);
  }

  fields.points.addEventListener("input", () => {
    const points = read(fields.points.value);
    fields.points.setAttribute("aria-invalid", points === null);
    if (points) { now.points = points; show(); }
  });
  fields.id.addEventListener("input", () => {
    const wanted = fields.id.value.trim(), taken = shapes.some((shape) => shape !== now && shape.id === wanted);
    fields.id.setAttribute("aria-invalid", taken); // it would take that one's place
    if (!taken) { now.id = wanted; show(); }
  });
  fields.name.addEventListener("input", () => { now.name = fields.name.value; show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("[data-new-shape]")) button.addEventListener("click", () => add(button.dataset.newShape));
  draw.addEventListener("click", () => setDrawing(!drawing));
  document.getElementById("restore").addEventListener("click", restore);
  document.getElementById("remove").addEventListener("click", remove);

  // What it would have had
  const outcome = document.getElementById("outcome");
  async function tryIt() {
    const feature = now && featureOf(now);
    if (!feature) return;
    const mine = now;
    try {
      const body = { feature: bare(feature), min_time_s: Number(document.getElementById("min-time").value.replace(",", ".")), since: document.getElementById("since").value.trim(), until: document.getElementById("until").value.trim() };
      const told = await (await post("/api/zones/preview", body)).json();
      if (mine === now) tell(told);
    } catch (error) { const said = paragraph("", "trouble"); put(said, whyNot(error)); outcome.replaceChildren(said); }
  }
  function tell(told) {
    const says = outcome.dataset, line = now.kind === "line";
    const table = Object.assign(document.createElement("table"), { className: "facts" });
    const columns = [[line ? says.cross : says.movers, "movers"], [says.maybe, "undecidable"], ...(line ? [] : [[says.places, "places"]])];
    const row = (name, texts, tag) => {
      const cells = table.insertRow();
      cells.append(Object.assign(document.createElement("th"), { scope: "row", textContent: name }));
      for (const textContent of texts) cells.append(Object.assign(document.createElement(tag), { className: "num", textContent, ...(tag === "th" ? { scope: "col" } : {}) }));
    };
    const counts = (of) => columns.map(([, key]) => of[key]);
    row("", columns.map(([name]) => name), "th");
    row(says.drawn, counts(told.as_drawn), "td");
    if (told.as_it_is) row(says.is, counts(told.as_it_is), "td");
    const time = (ns) => new Date(ns / 1e6).toISOString().slice(0, 19).replace("T", " ");
    const more = [["nowhere", told.nowhere], ["unreadable", told.unreadable], ["left", told.left_out]].filter(([, count]) => count).map(([key, count]) => says[key].replace("%s", count));
    const basis = [says.basis.replace("%1", told.tracks).replace("%2", told.places).replace("%3", time(told.since_ns)).replace("%4", time(told.until_ns)), ...more].join(" ");
    const links = Object.assign(document.createElement("p"), { className: "small" });
    for (const id of told.as_drawn.violation_ids.slice(0, 40)) links.append(Object.assign(document.createElement("a"), { href: `/review/${id}`, textContent: id.slice(0, 8) }), " ");
    outcome.replaceChildren(table, links, paragraph(basis, "muted small"));
  }
  document.getElementById("preview").addEventListener("click", tryIt);

  // Saving
  save?.addEventListener("click", async () => {
    const saved = document.getElementById("saved");
    save.disabled = true;
    try {
      const body = {
        base: root.dataset.base,
        base_sha256: root.dataset.sha256,
        newest: root.dataset.newest,
        changed: shapes.filter((shape) => !shape.removed && isChanged(shape)).map((shape) => bare(featureOf(shape) ?? { geometry: null, properties: { id: shape.id, kind: shape.kind } })),
        removed: shapes.filter((shape) => shape.removed && shape.whole !== null).map((shape) => shape.id),
        note: document.getElementById("note").value,
      };
      const told = await (await post("/api/zones", body)).json();
      drawOnFrom(told, body);
      saved.className = "";
      saved.textContent = saved.dataset.text.replace("%s", told.file);
    } catch (error) {
      save.disabled = false;
      saved.className = "trouble";
      put(saved, whyNot(error));
      if (error.status === 412) saved.append(" ", Object.assign(document.createElement("a"), { href: "/zones", textContent: saved.dataset.again }));
    }
    saved.hidden = false;
  });
  // What was changed since it was sent is changed from what was saved.
  function drawOnFrom({ file, sha256 }, { changed, removed }) {
    Object.assign(root.dataset, { base: file, sha256, newest: file });
    history.replaceState(null, "", `/zones?base=${encodeURIComponent(file)}`);
    document.querySelector(".zones-left .news")?.remove();
    for (const shape of [...shapes]) {
      const whole = changed.find((one) => one.properties.id === shape.id);
      if (whole) Object.assign(shape, { whole, both: false });
      else if (shape.removed && removed.includes(shape.id)) shapes.splice(shapes.indexOf(shape), 1);
    }
    choose(shapes.includes(now) ? now : null);
  }

  // Keys
  const step = (by) => { if (shapes.length) choose(shapes[(shapes.indexOf(now) + by + shapes.length) % shapes.length], true); };
  keys.set("j", () => step(1));
  keys.set("k", () => step(now ? -1 : 0));
  keys.set("+", () => add("zone"));
  keys.set("d", () => now && setDrawing(!drawing));
  keys.set("e", () => fields.points.focus());
  keys.set("p", tryIt);
  keys.set("z", restore);
  keys.set("m", () => map?.fit(drawn));
  for (const key of ["Delete", "Backspace"]) keys.set(key, () => {
    if (!now || corner === null) return;
    now.points.splice(corner, 1);
    corner = null;
    changed();
  });
  addEventListener("beforeunload", (event) => { if (!isSaved()) event.preventDefault(); });
  for (const button of document.querySelectorAll("[data-new-shape]")) button.disabled = false;
  choose(shapes[0] ?? null);
}

const rounded = ({ lng, lat }) => [Number(lng.toFixed(7)), Number(lat.toFixed(7))];
const text = (points) => points.map((point) => point.join(" ")).join("\n");
const paragraph = (textContent, className) => Object.assign(document.createElement("p"), { textContent, className });

function shapeOf(feature) {
  const { type, coordinates } = feature.geometry, { id, name, kind } = feature.properties;
  const simple = type === "LineString" || (type === "Polygon" && coordinates.length === 1);
  const points = !simple ? [] : type === "LineString" ? coordinates.map((one) => one.slice(0, 2)) : coordinates[0].slice(0, -1).map((one) => one.slice(0, 2));
  return { id, name, kind, points, whole: feature, simple, removed: false, both: false };
}

function featureOf(shape) {
  if (!shape.simple) return shape.whole;
  const { points, kind } = shape;
  if (points.length < (kind === "zone" ? 3 : 2)) return null;
  const geometry = kind === "zone" ? { type: "Polygon", coordinates: [[...points, points[0]]] } : { type: "LineString", coordinates: points };
  return { type: "Feature", properties: { id: shape.id, name: shape.name || shape.id, kind }, geometry };
}

const bare = ({ properties: { id, name, kind }, geometry }) => ({ type: "Feature", properties: { id, name: name ?? id, kind }, geometry });

const said = ({ properties: { name }, geometry: { coordinates } }) => JSON.stringify([name, coordinates]);

function isChanged(shape) {
  if (shape.whole === null) return true;
  const before = shapeOf(shape.whole);
  return shape.name !== before.name || text(shape.points) !== text(before.points);
}

// Corners as people write them: "45.1 40.2", "45.1, 40.2". null while it is not yet all numbers.
function read(written) {
  const points = written.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => line.split(/[\s,;]+/).map(Number));
  return points.every((point) => point.length === 2 && point.every(Number.isFinite) && Math.abs(point[0]) <= 180 && Math.abs(point[1]) <= 90) ? points : null;
}
