// A version put in force; the console is opened anew on it by the centre.
import { post, put, whyNot } from "./base.js";

const choices = document.getElementById("choices"), said = document.getElementById("put");
for (const button of choices?.querySelectorAll("[data-put]") ?? []) button.addEventListener("click", async () => {
  const { put: file, sha256 } = button.dataset;
  if (!confirm(choices.dataset.ask.replace("%s", file))) return;
  try {
    await post("/api/zones/in-force", { file, sha256, instead_of: choices.dataset.inForce, note: document.getElementById("note")?.value ?? "" });
    said.className = "";
    said.textContent = choices.dataset.done.replace("%s", file);
    setTimeout(again, 5000);
  } catch (error) {
    said.className = "trouble";
    put(said, whyNot(error));
  }
  said.hidden = false;
});

// Until it answers, the page stays; what is drawn and not saved is asked about before it goes.
const again = async () => { try { if ((await fetch("/zones")).ok) return location.reload(); } catch { /* not yet */ } setTimeout(again, 1000); };
