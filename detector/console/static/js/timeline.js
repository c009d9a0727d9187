import { keys } from "./base.js";

keys.set("w", () => location.assign("/place"));
const box = document.querySelector(".timeline");
if (box) {
  const since = BigInt(box.dataset.since), until = BigInt(box.dataset.until);
  // Positions are set here: the page's policy allows no style in its text.
  for (const label of box.querySelectorAll(".tl-labels span")) label.style.left = `${label.dataset.x / 10}%`;
  const marks = [...box.querySelectorAll(".tl-lane .mark")];
  for (const mark of marks) { mark.style.left = `${mark.dataset.x / 10}%`; mark.style.width = `${mark.dataset.w / 10}%`; }
  marks.sort((a, b) => a.dataset.x - b.dataset.x);
  let chosen = -1;
  const step = (by) => {
    if (!marks.length) return;
    chosen = Math.min(Math.max(chosen + by, 0), marks.length - 1);
    marks.forEach((mark, i) => mark.classList.toggle("on", i === chosen));
    marks[chosen].focus();
  };
  keys.set("j", () => step(1));
  keys.set("k", () => step(-1));

  // The time under the pointer
  const cursor = box.querySelector(".tl-cursor"), text = cursor.querySelector("span");
  let share = 0.5;
  const iso = (ns) => new Date(Number(ns / 1000000n)).toISOString();
  box.addEventListener("pointermove", (event) => {
    const rail = box.querySelector(".tl-labels").getBoundingClientRect(), own = box.getBoundingClientRect();
    share = (event.clientX - rail.left) / rail.width;
    cursor.hidden = share < 0 || share > 1;
    cursor.style.left = `${event.clientX - own.left - 1}px`;
    text.textContent = iso(since + BigInt(Math.round(Number(until - since) * share))).slice(11, 21);
  });
  box.addEventListener("pointerleave", () => (cursor.hidden = true));
  const zoom = (by) => {
    const span = Number(until - since), at = Number(since) + span * Math.min(Math.max(share, 0), 1);
    const half = Math.max((span * by) / 2, 5e8);
    const show = (ns) => new Date(ns / 1e6).toISOString().slice(0, 19);
    location.assign(`/timeline?since=${show(at - half)}&until=${show(at + half + 1e9)}`);
  };
  keys.set("+", () => zoom(0.5));
  keys.set("-", () => zoom(2));
  keys.set("0", () => location.assign("/timeline"));
}
