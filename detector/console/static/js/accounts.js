import { complain, post, whyNot } from "./base.js";

const form = document.getElementById("new-account"), shown = document.getElementById("shown-once");

async function send(url, body, again) {
  try {
    const answer = await post(url, body);
    if (answer.status === 204) { location.reload(); return; }
    const { name, password } = await answer.json();
    shown.textContent = shown.dataset.text.replace("%1", name).replace("%2", password);
    shown.hidden = false;
    again?.(await (await fetch("/accounts")).text());
  } catch (error) { complain(whyNot(error)); }
}
function redraw(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  document.querySelector("table.rows").replaceWith(document.importNode(page.querySelector("table.rows"), true));
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, role, party } = form.elements;
  send("/api/accounts", { name: name.value.trim(), role: role.value, party: party.value }, redraw);
});
document.addEventListener("click", (event) => {
  const { password, close, ask } = event.target.closest("[data-ask]")?.dataset ?? {};
  if (!ask || !confirm(ask)) return;
  send(`/api/accounts/${encodeURIComponent(password ?? close)}/${password ? "password" : "close"}`, {}, redraw);
});
