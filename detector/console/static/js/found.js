// What was found and what is in view, drawn over the map on a canvas of its own: the map itself is drawn anew, by a
// processor that may have no help, only when it is moved.

const WORLD_PX = 512; // width of the world at zoom 0
const SMALL_PX = 16; // of an ellipse that is no wider, every fourth point is drawn

// A place as parts of the world's width, as Web Mercator has it.
const onSheet = ([lon, lat]) => [(180 + lon) / 360, (180 - (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360))) / 360];

function prepared({ geometry: { type, coordinates }, properties }) {
  const closed = type === "Polygon", points = type === "Point" ? [coordinates] : closed ? coordinates[0].slice(0, -1) : coordinates;
  const way = points.map(onSheet), x = way.map((one) => one[0]);
  return { ...properties, coordinates, way, closed, width: Math.max(...x) - Math.min(...x) };
}

export function makeFound(map, colour) {
  const canvas = Object.assign(document.createElement("canvas"), { className: "map-found" }), pen = canvas.getContext("2d");
  map.getCanvas().after(canvas);
  const found = new Map(); // id -> what is drawn of it, the longest known first
  let footprints = [], asked = null;
  const later = () => { asked ??= requestAnimationFrame(draw); };
  for (const event of ["move", "resize"]) map.on(event, draw);

  function draw() {
    cancelAnimationFrame(asked);
    asked = null;
    const { clientWidth: width, clientHeight: height } = map.getContainer(), ratio = devicePixelRatio;
    const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
    if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const world = WORLD_PX * 2 ** map.getZoom(), { lng, lat } = map.getCenter(), [east, south] = onSheet([lng, lat]);

    // Where it is on the screen, on the nearer side of the world; null where nothing of it is seen.
    const placed = ({ way, width: wide }) => {
      const step = way.length > 8 && wide * world <= SMALL_PX ? 4 : 1, [left, top] = [east + Math.round(way[0][0] - east) - width / 2 / world, south - height / 2 / world];
      const at = way.filter((_, k) => k % step === 0).map(([x, y]) => [(x - left) * world, (y - top) * world]);
      const out = (k, most) => at.every((one) => one[k] < -8) || at.every((one) => one[k] > most + 8);
      return out(0, width) || out(1, height) ? null : at;
    };
    const trace = (at, closed) => {
      pen.beginPath();
      for (const [x, y] of at) pen.lineTo(x, y);
      if (closed) pen.closePath();
    };
    const line = (at, closed, style, wide, alpha = 1) => {
      trace(at, closed);
      Object.assign(pen, { strokeStyle: style, lineWidth: wide, globalAlpha: alpha });
      pen.stroke();
    };
    const fill = (at, style, alpha) => {
      trace(at, true);
      Object.assign(pen, { fillStyle: style, globalAlpha: alpha });
      pen.fill();
    };
    const disc = ([[x, y]], radius, inside, edge, wide) => {
      const around = (r) => { pen.beginPath(); pen.arc(x, y, r, 0, 2 * Math.PI); };
      Object.assign(pen, { fillStyle: inside, strokeStyle: edge, lineWidth: wide, globalAlpha: 1 });
      if (inside) { around(radius); pen.fill(); }
      around(radius + wide / 2);
      pen.stroke();
    };
    const hue = Object.fromEntries(["ground", "place", "past", "track", "sensor"].map((name) => [name, colour(name)]));
    const word = ({ open = true }) => (open ? hue.place : hue.past);
    const FROM_BELOW = [
      ["track", (one, at) => line(at, false, hue.ground, 5, 0.75)],
      ["track", (one, at) => line(at, false, hue.track, 2.2)],
      ["ellipse", (one, at) => fill(at, word(one), 0.22)],
      ["ellipse", (one, at) => line(at, true, word(one), 1.6)],
      ["sensor", (one, at) => disc(at, 4.5, hue.sensor, hue.ground, 1.5)],
      ["camera", (one, at) => disc(at, 5, "", hue.sensor, 2)],
      ["place", (one, at) => disc(at, 5, word(one), hue.ground, 2)],
    ];
    Object.assign(pen, { lineCap: "butt", lineJoin: "round" });
    pen.setLineDash([4, 3]);
    for (const at of footprints.map(placed)) if (at) line(at, true, hue.past, 1);
    pen.lineCap = "round";
    pen.setLineDash([]);
    const seen = [...found.values()].flat().map((one) => [one, placed(one)]).filter(([, at]) => at);
    for (const [layer, ink] of FROM_BELOW) for (const [one, at] of seen) if (one.layer === layer) ink(one, at);
  }

  // `features` replace those of the same id, `gone` are drawn no more; of more than `most` the oldest neither.
  function change({ features, gone = [], most = Infinity }) {
    const news = Map.groupBy(features, (one) => one.properties.id ?? one);
    for (const id of [...gone, ...news.keys()]) found.delete(id);
    for (const [id, some] of news) found.set(id, some.map(prepared));
    for (const id of [...found.keys()].slice(0, Math.max(0, found.size - most))) found.delete(id);
    later();
  }
  return {
    later, change,
    show(collection) { found.clear(); change(collection); },
    footprints(outlines) {
      footprints = outlines.filter((one) => one?.length > 2).map((one) => prepared({ geometry: { type: "Polygon", coordinates: [[...one, one[0]]] } }));
      later();
    },
    places: () => [...found.values()].flat().filter((one) => one.layer === "place").map((one) => one.coordinates),
  };
}
