// The operator's own map under the agreement's, faint: what is watched stands out. No borders and no names are drawn.

// By the layers' names in OpenMapTiles and in Protomaps.
const VECTORS = [
  ["water", "fill", "water", 0.5], ["landcover", "fill", "past", 0.12], ["landuse", "fill", "past", 0.08],
  ["waterway", "line", "water", 0.7], ["building", "fill", "past", 0.35], ["buildings", "fill", "past", 0.35],
  ["transportation", "line", "past", 0.6], ["roads", "line", "past", 0.6],
];
const NOTHING = { paint() {} };
// Off by some kilometres (1:50 million): it says where on the earth one is, and goes before it could say which side of a coast.
const COAST_TO_ZOOM = 8;

export function makeCoast(map, colour) {
  const paint = () => map.getLayer("coast") && map.setPaintProperty("coast", "line-color", colour("past"));
  const add = () => {
    if (map.getZoom() >= COAST_TO_ZOOM) return;
    map.off("zoom", add);
    map.addSource("coast", { type: "geojson", data: `${location.origin}/static/vendor/natural-earth/coast.json` });
    map.addLayer({ id: "coast", type: "line", source: "coast", maxzoom: COAST_TO_ZOOM, paint: { "line-width": 0.8, "line-opacity": 0.8 } }, "zone");
    paint();
  };
  map.on("zoom", add);
  return { paint };
}

// about: what /api/base-map says of it.
export function makeBase(map, element, colour, about) {
  if (about.kind === "none") return NOTHING;
  const tiles = [`${location.origin}/api/base-map/{z}/{x}/{y}`];
  map.addSource("base", { type: about.kind, tiles, tileSize: about.kind === "vector" ? 512 : 256, minzoom: about.min_zoom, maxzoom: about.max_zoom });
  if (about.attribution) element.append(Object.assign(document.createElement("p"), { className: "map-source", textContent: about.attribution }));
  element.dataset.base = about.kind;
  if (about.kind === "raster") {
    map.addLayer({ id: "base", type: "raster", source: "base", paint: { "raster-opacity": 0.55, "raster-saturation": -0.5, "raster-fade-duration": 0 } });
    // At night a bright map would blind: white becomes two fifths of it.
    return { paint: () => map.setPaintProperty("base", "raster-brightness-max", document.documentElement.dataset.theme === "light" ? 1 : 0.4) };
  }
  for (const [layer, type, , opacity] of VECTORS) {
    map.addLayer({ id: `base-${layer}`, type, source: "base", "source-layer": layer, paint: { [`${type}-opacity`]: opacity } });
  }
  return {
    paint() {
      for (const [layer, type, name] of VECTORS) map.setPaintProperty(`base-${layer}`, `${type}-color`, colour(name));
    },
  };
}
