/* Keeps what is typed on the server: at once after a choice, a moment after typing, and when the page is left.
   A change of room is applied to the candidates and shown on the week, and the week follows the date of a fixed
   time; Enter does no more than the field means. */

const PAUSE_MS = 800;
const PATIENCE_MS = 15_000;
const LEAVING_MS = 2_000;
const form = document.getElementById("offer");
const grid = form.querySelector("slot-grid");
const address = form.getAttribute("action");
let unsaved = false;
let timer = 0;
let sending = 0;
let last = Promise.resolve();

function content(action) {
  const data = new FormData(form);
  data.set("action", action);
  return data;
}

/* One after the other, so that what was typed first never arrives last. */
function send(action, options) {
  clearTimeout(timer);
  unsaved = false;
  sending += 1;
  last = last.then(() => post(action, options)).finally(() => (sending -= 1));
  return last;
}

/* From now on the draft has an address of its own, to which "back" leads. Answers nothing when it failed. */
async function post(action, options) {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(address, { method: "POST", body: content(action), signal, ...options });
    if (!answer.ok) return null;
    if (location.pathname.endsWith("/new")) history.replaceState(null, "", address);
    return answer;
  } catch {
    unsaved = true;
    return null;
  }
}

/* The answer says when it was kept; nothing when the draft was sent meanwhile. */
async function save() {
  const answer = await send("save", { redirect: "manual" });
  if (answer) form.querySelector(".kept").textContent = await answer.text();
}

async function look() {
  grid.setAttribute("aria-busy", "true");
  const answer = await send("refresh");
  if (answer) grid.renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
  grid.removeAttribute("aria-busy");
}

function takeRoom(room) {
  const before = form.elements.room_before;
  for (const own of form.querySelectorAll("select[name=room]")) if (own.value === before.value) own.value = room;
  before.value = room;
}

form.addEventListener("input", (event) => {
  if (event.target.name === "query") return;
  const isFirst = location.pathname.endsWith("/new") && !unsaved && !sending;
  unsaved = true;
  clearTimeout(timer);
  if (isFirst) save();
  else timer = setTimeout(save, PAUSE_MS);
});

form.addEventListener("change", ({ target }) => {
  if (target.name === "next_room") takeRoom(target.value);
  const elsewhere = target.name === "on" && grid.isElsewhere(target.value);
  if (elsewhere) form.elements.week.value = target.value;
  if (elsewhere || target.name === "next_room" || target.name === "room") look();
  else if (unsaved) save();
});

form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  const means = event.target.name === "query" ? "search" : event.target.closest(".typed") && "slot";
  if (means) form.requestSubmit(form.querySelector(`button[value=${means}]`));
});

form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  unsaved = false;
  if (!sending) return;
  event.preventDefault();
  last.finally(() => form.requestSubmit(event.submitter));
});

/* A page that is left takes its requests along, and the next one may be asked for before a beacon arrives. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const stays = !link || link.target || link.getAttribute("href").startsWith("#");
  if (stays || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (!unsaved && !sending) return;
  event.preventDefault();
  const patience = new Promise((done) => setTimeout(done, LEAVING_MS));
  Promise.race([unsaved ? save() : last, patience]).finally(() => location.assign(link.href));
});

addEventListener("pagehide", () => {
  if (unsaved) navigator.sendBeacon(address, content("save"));
});
