/* Another day or start takes the end along: what is moved stays as long as it was, until its end is changed. */

const form = document.querySelector("form.new-time");
const DAY = 24 * 60;
const field = (name) => form.elements[name];

/* Minutes since the calendar's beginning: all of it on one clock, so that no zone matters. */
function minutes(day, clock) {
  const [hour, minute] = (field(clock)?.value ?? "00:00").split(":").map(Number);
  return (Date.parse(field(day)?.value || field("day").value) / 60_000) + hour * 60 + minute;
}

const starts = () => minutes("day", "begin");
const ends = () => minutes("last", "finish");
let length = ends() - starts();

function follow() {
  const end = starts() + length;
  if (Number.isNaN(end)) return;
  const day = field("begin") ? Math.ceil(end / DAY) - 1 : end / DAY; // an end at midnight is 24:00 of the day before
  if (field("last")) field("last").value = new Date(day * DAY * 60_000).toISOString().slice(0, 10);
  if (!field("finish")) return;
  const of = field("last") ? end - day * DAY : Math.min(end - minutes("day", "none"), DAY);
  const clock = [of / 60, of % 60].map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
  if ([...field("finish").options].some(({ value }) => value === clock)) field("finish").value = clock;
}

form.addEventListener("change", ({ target }) => {
  if (["day", "begin"].includes(target.name)) follow();
  else if (ends() > starts()) length = ends() - starts();
});
