// The part of a page that is drawn anew when the log grows.
import { ask, messages, say } from "./base.js";

export function keepFresh(done) {
  const part = document.getElementById("part");
  let busy = false, again = false;
  const fetchPart = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      part.innerHTML = await (await ask(part.dataset.part)).text();
      done?.();
    } catch (error) {
      say(messages.failed.replace("%s", error.message));
    }
    busy = false;
    if (again) { again = false; fetchPart(); }
  };
  document.addEventListener("news", fetchPart);
}
