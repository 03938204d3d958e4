/* A page on which something is still under way looks at itself again, more and more rarely, for a minute, and
   shows what has changed. Where the reader is stays as it is: the part that holds the focus waits. Without the
   script, the page's link 「更新」 does the same. */

const PAUSES_S = [1, 1, 2, 2, 3, 5, 8, 13, 25];
const watched = document.querySelector("[data-watch]");

async function look() {
  const answer = await fetch(watched.dataset.watch);
  if (!answer.ok || answer.redirected) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("[data-watch]");
}

function show(fresh) {
  for (const part of watched.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!next || part.contains(document.activeElement) || part.innerHTML === next.innerHTML) continue;
    part.className = next.className;
    part.replaceChildren(...next.childNodes);
    part.dispatchEvent(new Event("renewed", { bubbles: true }));
  }
}

for (const pause of PAUSES_S) {
  if (watched?.dataset.state !== "under_way") break;
  await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  const fresh = await look().catch(() => null);
  if (!fresh) break;
  show(fresh);
  watched.dataset.state = fresh.dataset.state;
}
