import { keys } from "./base.js";
import { keepFresh } from "./part.js";
import { again } from "./rows.js";

keepFresh(again);
keys.set("o", () => document.querySelector(".switch a:not([aria-current])").click());
