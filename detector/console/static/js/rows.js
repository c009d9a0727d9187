// Rows that j and k go through and Enter opens; the choice survives when the rows are drawn anew.
import { keys } from "./base.js";

let chosen = null;
const rows = () => [...document.querySelectorAll("[data-id]")].filter((row) => row.matches("tr, li"));

function choose(row) {
  for (const other of rows()) other.classList.toggle("on", other === row);
  chosen = row?.dataset.id ?? null;
  row?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = rows();
  const at = all.findIndex((row) => row.dataset.id === chosen);
  if (all.length) choose(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)]);
}

for (const key of ["j", "ArrowDown"]) keys.set(key, () => step(1));
for (const key of ["k", "ArrowUp"]) keys.set(key, () => step(-1));
keys.set("Enter", () => rows().find((row) => row.dataset.id === chosen)?.querySelector("a")?.click());

export const again = () => choose(rows().find((row) => row.dataset.id === chosen) ?? null);
