import { complain, post, whyNot } from "./base.js";

const form = document.getElementById("new-account"), shown = document.getElementById("shown-once");

async function send(url, body) {
  try {
    const answer = await post(url, body);
    if (answer.status !== 204) {
      const { name, password } = await answer.json();
      shown.textContent = shown.dataset.text.replace("%1", name).replace("%2", password);
      shown.hidden = false;
    }
    await fetch("/accounts").then((page) => page.text()).then(redraw).catch(() => {}); // what was done is done
  } catch (error) { complain(whyNot(error)); }
}
function redraw(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  document.querySelector("table.rows").replaceWith(document.importNode(page.querySelector("table.rows"), true));
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, role, party } = form.elements;
  send("/api/accounts", { name: name.value.trim(), role: role.value, party: party.value });
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]"), { change, name, ask } = button?.dataset ?? {};
  if (!ask || !confirm(ask)) return;
  const { role, party } = button.parentElement.querySelector("select")?.selectedOptions[0].dataset ?? {};
  send(`/api/accounts/${encodeURIComponent(name)}/${change}`, change === "role" ? { role, party } : {});
});
