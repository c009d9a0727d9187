// The part of a page that is brought up to date when the log grows.
import { TRY_AGAIN_MS, ask, because, messages, say } from "./base.js";
import { renew } from "./renew.js";

export function keepFresh(done) {
  const part = document.getElementById("part");
  let busy = false, again = false, shown = null, retry = null;
  const fetchPart = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const text = await (await ask(part.dataset.part)).text();
      if (text !== shown) {
        const fresh = document.createElement("template");
        fresh.innerHTML = text;
        const whole = part.cloneNode(false);
        whole.append(document.importNode(fresh.content, true));
        renew(part, whole);
        shown = text;
        done?.();
      }
    } catch (error) {
      say(because(messages.not_shown, error), TRY_AGAIN_MS + 1000);
      clearTimeout(retry);
      retry = setTimeout(fetchPart, TRY_AGAIN_MS);
    }
    busy = false;
    if (again) { again = false; fetchPart(); }
  };
  document.addEventListener("news", fetchPart);
}
