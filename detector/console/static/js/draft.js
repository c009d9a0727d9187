// What is being written or drawn outlives the page: going on, a reload, a session that ends. It stays in this tab and for this person.
import { who } from "./base.js";

const place = (what) => `draft ${who} ${what}`;

export const kept = (what) => sessionStorage.getItem(place(what)) ?? "";
export function keep(what, text) { if (text) sessionStorage.setItem(place(what), text); else sessionStorage.removeItem(place(what)); }
