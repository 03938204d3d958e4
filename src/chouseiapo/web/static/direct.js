/* Where one time is fixed from the start, it is drawn on the week and typed in fields: each follows the other.
   Candidates that were picked before stay aside until they are wanted again. */

const form = document.getElementById("offer");
const grid = form.querySelector("slot-grid");
const field = (name) => form.elements[name];
const isDirect = () => field("way").value === "direct";
let candidates = isDirect() ? [] : null;
let own = false;

function show(lines) {
  grid.list.replaceChildren(...lines);
  grid.draw();
}

/* The line's times into the fields; an end at midnight is 24:00 of the day before. */
function type([line]) {
  if (!line) return (field("on").value = "");
  const cells = grid.covers(line);
  const { start, end } = line.dataset;
  const ends = end.slice(11, 16) === "00:00" ? [cells.at(-1)?.dataset.start.slice(0, 10), "24:00"] : [end.slice(0, 10), end.slice(11, 16)];
  field("on").value = start.slice(0, 10);
  field("from").value = start.slice(11, 16);
  field("to").value = ends[1];
  field("last").value = ends[0] === start.slice(0, 10) ? "" : ends[0];
  field("all_day").checked = false;
}

/* The fields' times onto the week, as far as that is the one which is shown. */
function draw() {
  const day = field("on").value;
  const whole = field("all_day").checked;
  const from = `${day}T${whole ? "00:00" : field("from").value}`;
  const to = `${field("last").value || day}T${whole ? "24:00" : field("to").value}`;
  const cells = grid.inOrder.filter(({ dataset: { start } }) => start.slice(0, 16) >= from && start.slice(0, 16) < to);
  own = true;
  show([]);
  if (day) grid.add(cells);
  own = false;
}

form.addEventListener("change", ({ target }) => {
  if (target.name === "way" && isDirect()) {
    candidates = grid.lines;
    if (field("on").value) return draw();
    show(candidates.slice(0, 1));
    type(grid.lines);
  } else if (target.name === "way") {
    show(candidates ?? []);
  }
});

grid.addEventListener("renew", () => isDirect() && draw());

form.addEventListener("input", ({ target }) => {
  if (!isDirect() || own) return;
  if (target === grid.list) type(grid.lines);
  else if (["on", "from", "to", "last", "all_day"].includes(target.name)) draw();
});
