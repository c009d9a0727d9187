// A place that is asked about: by a click on the map, or as numbers.
import { ask, keys } from "./base.js";
import { insist, makeMap } from "./map.js";
import "./rows.js";

const element = document.getElementById("map"), form = document.querySelector(".question");
keys.set("/", () => form.elements.lon.focus());
const map = await makeMap(element);
if (map) {
  insist(element, async () => map.show(await (await ask(element.dataset.places)).json()));
  const outlines = JSON.parse(element.dataset.outlines), seen = outlines.filter((one) => one.length > 2).flat();
  map.footprints(outlines);
  const corners = { features: seen.map((coordinates) => ({ geometry: { type: "Point", coordinates }, properties: {} })) };
  map.fit(map.agreement, corners);
  map.map.getCanvas().style.cursor = "crosshair";
  if (element.dataset.lon) {
    const pin = Object.assign(document.createElement("div"), { className: "corner on" });
    map.marker({ element: pin }).setLngLat([Number(element.dataset.lon), Number(element.dataset.lat)]).addTo(map.map);
  }
  map.map.on("click", ({ lngLat }) => {
    const at = lngLat.wrap();
    form.elements.lon.value = at.lng.toFixed(6);
    form.elements.lat.value = at.lat.toFixed(6);
    form.requestSubmit();
  });
}
