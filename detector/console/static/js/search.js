import { ask, complain, keys, post, say, whyNot } from "./base.js";
import { keep as write, kept } from "./draft.js";
import { insist, makeMap } from "./map.js";
import "./rows.js";

const element = document.getElementById("map"), form = document.querySelector(".question");
// One's own joining; what was said of it is said on the page that comes.
const SAID = "said", toast = document.getElementById("toast");
document.addEventListener("news", (event) => { if (!event.detail) { write(SAID, toast.textContent); location.reload(); } });
if (kept(SAID)) { say(kept(SAID)); write(SAID, ""); }
const title = document.getElementById("view-title"), keep = document.getElementById("keep-view");
const then = (work) => work.then(() => location.reload(), (error) => complain(whyNot(error)));
keep.addEventListener("click", () => (title.value.trim() ? then(post("/api/views", { title: title.value, query: keep.dataset.query })) : title.focus()));
title.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); keep.click(); } });
for (const button of document.querySelectorAll("[data-forget]")) button.addEventListener("click", () => then(ask(`/api/views?title=${encodeURIComponent(button.dataset.forget)}`, { method: "DELETE" })));
keys.set("/", () => form.elements.text.focus());

const map = await makeMap(element);
if (map) {
  insist(element, async () => {
    const found = await (await ask(element.dataset.places)).json();
    map.show(found);
    map.fit(...(found.features.length ? [found] : [map.agreement]));
  });
  const take = () => {
    const box = map.map.getBounds(), [west, east] = box.getEast() - box.getWest() < 360 ? [box.getSouthWest(), box.getNorthEast()].map((one) => one.wrap().lng) : [-180, 180];
    form.elements.box.value = [west, box.getSouth(), east, box.getNorth()].map((one) => one.toFixed(6)).join(",");
    form.requestSubmit();
  };
  const button = document.getElementById("take-box");
  button.addEventListener("click", take);
  button.disabled = false;
  keys.set("b", take);
}
