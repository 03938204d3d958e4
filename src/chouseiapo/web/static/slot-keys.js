/* The keyboard on a <slot-grid>: arrows walk over the cells, Shift selects, Enter adds; a block is stretched and
   taken away. Blocks come after the cells in Tab's order. */

const PAGE_ROWS = 8;
const LAST_DAY = 6;

export class SlotKeys {
  constructor(grid) {
    this.grid = grid;
    grid.days.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const block = event.target.closest(".block");
    const act = block ? this.keyOnBlock(event, block.line) : this.grid.places.has(event.target) && this.keyOnCell(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  keyOnBlock({ key, shiftKey }, line) {
    const cells = this.grid.covers(line);
    const first = this.grid.places.get(cells[0]);
    const last = this.grid.places.get(cells.at(-1)).r + ({ ArrowDown: 1, ArrowUp: -1 }[key] ?? 0);
    if (key === "Delete" || key === "Backspace") return () => (this.grid.remove(line), this.grid.active.focus());
    if (key === "Escape") return () => this.grid.rove(cells[0]);
    const fits = key.startsWith("Arrow") && shiftKey && last >= first.r && last < this.grid.rows.length;
    return fits && this.grid.isWhole(line) && (() => this.grid.change(line, this.grid.span(first.c, first.r, last)));
  }

  keyOnCell({ key, shiftKey, target }) {
    const { r, c } = this.grid.places.get(target);
    const steps = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Home: [0, -c], End: [0, LAST_DAY - c], PageDown: [PAGE_ROWS, 0], PageUp: [-PAGE_ROWS, 0] };
    if (steps[key]) return () => this.walk(r, c, steps[key], shiftKey && steps[key][0]);
    if (key === "Enter" || key === " ") return () => this.enter(target);
    if (key === "Escape") return () => (this.grid.drag.cancel(), this.select(null));
    const line = this.grid.lines.find((each) => this.grid.covers(each).includes(target));
    return (key === "Delete" || key === "Backspace") && line && (() => this.grid.remove(line));
  }

  walk(r, c, [down, right], extending) {
    const row = Math.max(0, Math.min(this.grid.rows.length - 1, r + down));
    const next = this.grid.cells[row][Math.max(0, Math.min(LAST_DAY, c + right))];
    this.select(extending ? (this.anchor ?? this.grid.cells[r][c]) : null, next);
    this.grid.rove(next);
  }

  /* Marks the cells from the anchor to the present one; without an anchor, none. */
  select(anchor, cell) {
    this.anchor = anchor;
    this.grid.querySelectorAll(".sel").forEach((each) => each.classList.remove("sel"));
    if (!anchor) return;
    const cells = this.selected(cell);
    cells.forEach((each) => each.classList.add("sel"));
    if (cells.length) this.grid.say("selecting", this.grid.words(cells));
  }

  selected(cell) {
    const { r, c } = this.grid.places.get(this.anchor);
    return this.grid.span(c, r, this.grid.places.get(cell).r);
  }

  enter(cell) {
    const line = this.grid.lines.find((each) => this.grid.covers(each).includes(cell));
    if (line) return this.grid.bodyOf(line.dataset.start).focus();
    const cells = this.anchor ? this.selected(cell) : this.grid.isFree(cell) && this.grid.usual(cell);
    this.select(null);
    if (cells) this.grid.add(cells);
    else this.grid.tell(cell.getAttribute("aria-label"), true);
  }
}
