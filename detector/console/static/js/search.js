import { ask, keys } from "./base.js";
import { makeMap } from "./map.js";
import "./rows.js";

const element = document.getElementById("map"), form = document.querySelector(".question");
const map = await makeMap(element);
if (map) {
  const found = await (await ask(element.dataset.places)).json();
  map.show(found);
  map.fit(...(found.features.length ? [found] : [map.agreement]));
  const take = () => {
    const box = map.map.getBounds();
    form.elements.box.value = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((one) => one.toFixed(6)).join(",");
    form.requestSubmit();
  };
  document.getElementById("take-box").addEventListener("click", take);
  keys.set("b", take);
}
document.addEventListener("news", (event) => { if (!event.detail) location.reload(); }); // one's own joining
keys.set("/", () => form.elements.text.focus());
