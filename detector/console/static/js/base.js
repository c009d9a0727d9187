// What every page has: theme, clocks, keys, the list of keys, news of the log.

export const messages = JSON.parse(document.getElementById("messages").textContent);
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
const csrf = meta("csrf");
export const who = meta("who");
const THEMES = ["light", "dark", "night"];
const PATIENCE_MS = 30000; // with an answer
export const TRY_AGAIN_MS = 5000;
const QUIET_MS = 12000; // the console says something every 5 s, or it is not heard any more

// What is said: words, or what was not done with the console's own word on why, which is English and stands small after them.
export function put(element, said) {
  element.replaceChildren(said.text ?? said);
  if (said.detail) element.append(" ", Object.assign(document.createElement("small"), { lang: "en", textContent: said.detail }));
}

export function say(text, ms = 3500) {
  if (say.later) { say.later = [text, ms]; return; } // what is said to nobody waits for who comes back
  const toast = document.getElementById("toast");
  put(toast, text);
  toast.classList.add("on");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => toast.classList.remove("on"), ms);
  say.untilMs = performance.now() + Math.min(ms, 6000);
}

// What was not done stays to be read until something else is said: eyes may have been on the clip.
export const complain = (text) => say(text, 60000);
// The browser's own words are of an answer that broke off, or took too long.
const brokeOff = ({ name }) => name !== "Error";
export const because = (text, error) => ({ text: text.replace("%s", brokeOff(error) ? messages.no_answer : error.message), detail: error.detail });
export const whyNot = (error) => (error.silent || brokeOff(error) ? messages.unsure : because(messages.failed, error));

// What takes long is said; what is quick needs no words.
export async function patiently(work) {
  const timer = setTimeout(() => say(messages.waits, 60000), 700);
  try { return await work(); } finally {
    clearTimeout(timer);
    const toast = document.getElementById("toast");
    if (toast.textContent === messages.waits) toast.classList.remove("on");
  }
}

// News waits for what answers a key: within a moment it would stand in its place, unread.
function announce(text) {
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { say(text, 6000); say.untilMs = 0; }, Math.max(0, (say.untilMs ?? 0) - performance.now()));
}

// What the console says is English. Who reads another language has a sentence of theirs, and the console's after it.
function refusal(answer, said) {
  const { status } = answer, detail = typeof said.detail === "string" ? said.detail : `${status}`;
  if (answer.headers.get("x-refused-for") === "other-session") return Object.assign(new Error(messages.other_session), { status });
  const own = document.documentElement.lang === "en" ? null : messages.refused[status];
  return Object.assign(new Error(own ?? detail), { status, detail: own ? detail : "" });
}

// An error's `status` is what was answered, `detail` the console's own word on it; `silent`: there was no answer, and nobody knows whether it was done.
export async function ask(url, options = {}) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), ...options, headers: { ...(options.headers ?? {}), "x-csrf-token": csrf ?? "" } })
    .catch(() => { throw Object.assign(new Error(messages.no_answer), { silent: true }); });
  if (answer.status === 401) {
    leave();
    throw new Error(messages.signed_out);
  }
  if (!answer.ok) {
    throw refusal(answer, await answer.json().catch(() => ({})));
  }
  return answer;
}

const send = (url, body) => ask(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) });
export const post = (url, body) => patiently(() => send(url, body));

// Work that is done when it is asked for, but not oftener than every `ms`, and never twice at once.
export function paced(work, ms) {
  let timer = null, nextMs = 0, done = null;
  const turn = async () => {
    await Promise.allSettled([done]);
    timer = null;
    nextMs = performance.now() + ms;
    done = work();
  };
  return () => { timer ??= setTimeout(turn, Math.max(0, nextMs - performance.now())); };
}

// Keys. A page adds its own to `keys`; nothing is taken while somebody writes, or with Ctrl, Alt or Meta.
export const keys = new Map();
let after = "";

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox"));
}

// On a Russian, Armenian or Turkish keyboard: what is not ASCII goes by the place of its key; so does the row of digits,
// which on an Armenian one writes letters and points.
const BY_PLACE = { BracketLeft: "[", BracketRight: "]", Comma: ",", Period: ".", Slash: "/" };
const digit = ({ code, shiftKey }) => (shiftKey ? null : /^Digit(.)$/.exec(code)?.[1]);
const lettered = ({ key, code }) => (key.length > 1 || key <= "~" ? key : (/^Key(.)$/.exec(code)?.[1].toLowerCase() ?? BY_PLACE[code] ?? key));
// With Caps Lock, too.
const keyOf = (event) => { const key = digit(event) ?? lettered(event); return key.length === 1 && !event.shiftKey ? key.toLowerCase() : key; };
// A key that is held down goes on and on only where that harms nothing: a hand that lies on "c" must not decide the whole queue.
const HELD = new Set(["j", "k", "ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft", ",", "."]);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]") && keyOf(event) !== "?") return;
  const own = event.target instanceof HTMLElement && event.target.closest("button, a, summary, video, audio, [role=tab], [type=checkbox]");
  if (own && (event.key === " " || event.key === "Enter")) return;
  if (event.target instanceof HTMLElement && event.target.closest("#map, [role=tab], audio") && event.key.startsWith("Arrow")) return;
  const key = keyOf(event), chord = after + key;
  if (event.repeat && !HELD.has(key)) { if (keys.has(key)) event.preventDefault(); return; }
  after = "";
  if (key === "g") {
    after = "g ";
    setTimeout(() => (after = ""), 1500);
    return;
  }
  const action = keys.get(chord);
  if (action) {
    event.preventDefault();
    action(event);
  }
});

for (const link of document.querySelectorAll("[data-go]")) keys.set(`g ${link.dataset.go}`, () => location.assign(link.href));
keys.set("g r", () => location.assign("/review"));
const help = document.getElementById("help");
const toggleHelp = () => (help.open ? help.close() : help.showModal());
if (help) {
  keys.set("?", toggleHelp);
  document.getElementById("help-button").addEventListener("click", toggleHelp);
}

// Theme
const button = document.getElementById("theme");
function showTheme() {
  if (button) button.firstChild.textContent = `${messages[document.documentElement.dataset.theme]} `;
}
function nextTheme() {
  const now = document.documentElement.dataset.theme;
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  document.documentElement.dataset.theme = next;
  document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=strict`;
  showTheme();
  document.dispatchEvent(new Event("theme"));
}
keys.set("l", nextTheme);
button?.addEventListener("click", nextTheme);
showTheme();

// Clocks, by the console's time and not by this machine's.
const offsetMs = Number(document.querySelector('meta[name="now-ms"]').content) - Date.now();
export const nowMs = () => Date.now() + offsetMs;
const zone = document.querySelector('meta[name="zone"]').content;
const utc = document.getElementById("clock-utc");
if (utc) {
  const show = (timeZone) => new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const known = () => { try { return show(zone); } catch { return null; } }; // not every browser knows every zone
  const [utcFormat, localFormat] = [show("UTC"), zone === "UTC" ? null : known()];
  const tick = () => {
    const now = new Date(nowMs());
    utc.textContent = utcFormat.format(now);
    if (localFormat) document.getElementById("clock-local").textContent = `${localFormat.format(now)} ${zone}`;
  };
  tick();
  setInterval(tick, 1000);
}

// Somebody is there: told to the console once a minute at most, and to the other windows of this session, on whatever
// screen they are. Before a session ends for being idle, it is said.
let leaving = false; // once: a second way there, of whatever else is refused meanwhile, would break the first one off
const leave = () => { if (!leaving) location.assign(`/sign-in?over=1&to=${encodeURIComponent(location.pathname + location.search)}`); leaving = true; };
addEventListener("pageshow", () => { leaving = false; });
if (csrf) {
  const idleMs = 1000 * Number(document.querySelector('meta[name="idle-s"]').content);
  const windows = new BroadcastChannel("here");
  let told = Date.now(), warn;
  const warned = () => { say(messages.idle, 58000); say.later = []; };
  const watch = () => { clearTimeout(warn); warn = setTimeout(warned, idleMs - 60000); };
  const attended = () => {
    const later = say.later;
    say.later = null;
    if (later) document.getElementById("toast").classList.remove("on");
    if (later?.length) say(...later);
    watch();
  };
  const here = () => {
    if (!say.later && Date.now() - told < 60000) return;
    told = Date.now();
    attended();
    windows.postMessage("");
    send("/api/me/here").catch(() => {});
  };
  windows.onmessage = attended;
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) addEventListener(kind, here, { passive: true, capture: true });
  watch();
}

// News of the log. The event `news` goes to the page's own module.
const trouble = document.getElementById("trouble");
function showTrouble(text) {
  trouble.hidden = !text;
  if (trouble.textContent !== text) trouble.textContent = text;
}
let generation = Number(meta("generation")), waiting = null, records = null;
export const titled = (text) => {
  const title = `${waiting ? `(${waiting}) ` : ""}${text.replace(/^\(\d+\) /, "")}`;
  if (document.title !== title) document.title = title;
};
// A colleague has decided otherwise since: that is not to be missed.
document.addEventListener("replaced", ({ detail: { at, feed, reviewer, verdict } }) => {
  clearTimeout(announce.timer); // how many wait can be read elsewhere
  complain(messages.replaced.replace("%1", `${at} ${feed}`).replace("%2", reviewer).replace("%3", messages[verdict]));
});
if (csrf) {
  let stream = null, heardMs = 0, lost = false;
  const heard = () => { heardMs = performance.now(); };
  const told = (event) => {
    heard();
    const said = JSON.parse(event.data);
    showTrouble(said.problem);
    const badge = document.getElementById("undecided");
    badge.hidden = !said.undecided;
    if (badge.textContent !== `${said.undecided ?? ""}`) badge.textContent = said.undecided ?? "";
    // What somebody has taken back waits again and is not new.
    if (waiting !== null && said.undecided > waiting && said.records > records) announce(messages.more.replace("%s", said.undecided));
    [waiting, records] = [said.undecided, said.records];
    titled(document.title);
    for (const one of said.replaced) document.dispatchEvent(new CustomEvent("replaced", { detail: one }));
    // What was logged since the page was made, though nobody listened yet; after a silence, whatever it may be.
    if (said.generation > generation || lost) document.dispatchEvent(new CustomEvent("news", { detail: said }));
    [generation, lost] = [said.generation, false];
  };
  const refused = () => {
    heardMs = performance.now() - QUIET_MS + 2000;
    ask("/api/me").catch(() => {}); // of a session that is over, it leads to the sign-in page
  };
  const silent = () => { lost = true; document.body.classList.add("offline"); showTrouble(messages.offline); };
  const listen = () => {
    heard();
    stream = new EventSource(`/api/events?since=${generation}`);
    stream.addEventListener("log", told);
    stream.addEventListener("alive", heard);
    stream.addEventListener("signed_out", leave);
    stream.onopen = () => { heard(); if (lost) document.dispatchEvent(new Event("regained")); document.body.classList.remove("offline"); showTrouble(""); };
    // A browser tries again by itself, but not after an answer that is none.
    stream.onerror = () => { silent(); if (stream?.readyState === EventSource.CLOSED) refused(); };
  };
  // A cable that was pulled closes nothing: only that nothing is said any more tells it.
  setInterval(() => {
    if (!stream || performance.now() - heardMs < QUIET_MS) return;
    stream.close();
    silent();
    listen();
  }, 1000);
  // A browser has six connections for all its tabs: only a page that is seen keeps one for the news.
  const attend = () => {
    if (document.hidden) { stream?.close(); stream = null; } else if (!stream) listen();
  };
  document.addEventListener("visibilitychange", attend);
  addEventListener("pagehide", () => { stream?.close(); stream = null; });
  addEventListener("pageshow", attend);
  attend();
}
