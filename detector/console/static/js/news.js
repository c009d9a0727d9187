// A page that is read, and not renewed under the hands: it says that there is something new, and shows it when it is asked to.
import { keys } from "./base.js";

const bar = document.getElementById("news");
const show = () => location.reload();
document.addEventListener("news", ({ detail }) => { if (detail) bar.hidden = false; }); // without: one's own, which the page shows itself
bar.querySelector("button").addEventListener("click", show);
keys.set("r", show);
