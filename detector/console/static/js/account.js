import { complain, post, put, whyNot } from "./base.js";

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => post("/api/me/language", { language: button.dataset.language }).then(() => location.reload(), (error) => complain(whyNot(error))));
}
const form = document.getElementById("password");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { old, new: fresh, again } = form.elements, trouble = form.querySelector(".trouble");
  const tell = (text) => { put(trouble, text); trouble.hidden = false; };
  if (fresh.value !== again.value) { tell(again.dataset.differ); return; }
  try { await post("/api/me/password", { old: old.value, new: fresh.value }); location.assign("/sign-in"); } catch (error) { tell(whyNot(error)); }
});
