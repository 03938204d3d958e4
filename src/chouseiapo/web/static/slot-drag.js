/* Mouse and touch on a <slot-grid>: a mouse draws at once, a finger after it has rested, so that it can scroll.

   A drag adds a candidate, moves one (by its body) or changes its length (by its grip). What a drag means is shown
   as a ghost; the grid itself changes only when the pointer is let go. */

const PRESS_MS = 300;
const SLOP_PX = 8;
const EDGE_PX = 28;
const SCROLL_PX = 8;

export class SlotDrag {
  constructor(grid) {
    this.grid = grid;
    this.ghost = document.createElement("div");
    this.ghost.className = "ghost";
    const on = (type, act, options) => grid.days.addEventListener(type, act, options);
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", () => this.cancel());
    // A page scrolls unless its first touchmove is refused; while nothing is dragged, it may.
    on("touchmove", (event) => this.dragging && event.preventDefault(), { passive: false });
    addEventListener("keydown", (event) => event.key === "Escape" && this.pressed && this.cancel());
    on("contextmenu", (event) => this.pressed?.touch && event.preventDefault());
  }

  get sheet() {
    return this.grid.sheet;
  }

  press(event) {
    if (event.button !== 0 || this.pressed || event.target.closest(".drop, .fixed")) return;
    const block = event.target.closest(".block");
    const begun = block ? this.grid.covers(block.line)[0] : this.grid.cellAt(event);
    if (!block && !this.grid.isFree(begun)) return;
    const how = !block ? "add" : event.target.closest(".grip") ? "size" : "move";
    const touch = event.pointerType !== "mouse";
    this.pressed = { how, block, begun, touch, x: event.clientX, y: event.clientY, pointer: event.pointerId };
    if (touch && how !== "size") this.timer = setTimeout(() => this.start(), PRESS_MS);
    else this.start();
    if (!touch) event.preventDefault();
  }

  start() {
    this.dragging = true;
    this.grid.classList.add("dragging"); // blocks let the pointer through from here on
    this.sheet.setPointerCapture(this.pressed.pointer);
    this.pressed.from = this.grid.cellAt({ clientX: this.pressed.x, clientY: this.pressed.y }) ?? this.pressed.begun;
    if (this.pressed.touch && this.pressed.how === "add") this.preview(this.grid.usual(this.pressed.begun));
  }

  move(event) {
    if (this.pressed && !this.dragging) {
      const far = Math.hypot(event.clientX - this.pressed.x, event.clientY - this.pressed.y) > SLOP_PX;
      if (far) this.cancel();
    }
    if (!this.dragging) return;
    this.scrollAtEdge(event);
    const cell = this.grid.cellAt(event);
    if (!cell || (cell === this.pressed.from && !this.pressed.moved)) return;
    this.pressed.moved = true;
    this.preview(this.meant(cell));
  }

  /* The cells that the drag means while the pointer is over `cell`. */
  meant(cell) {
    const { how, block, begun, from } = this.pressed;
    const first = this.grid.places.get(begun);
    const { r, c } = this.grid.places.get(cell);
    if (how === "add") return this.grid.span(first.c, first.r, r);
    if (how === "size") return this.grid.span(first.c, first.r, Math.max(first.r, r));
    const length = this.grid.covers(block.line).length;
    const top = first.r + r - this.grid.places.get(from).r;
    const highest = Math.max(0, Math.min(top, this.grid.rows.length - length));
    return this.grid.span(c, highest, highest + length - 1);
  }

  preview(cells) {
    if (!cells.length) return;
    this.pressed.cells = cells;
    this.ghost.textContent = this.grid.times(cells).join("");
    this.grid.lay(this.ghost, cells);
    this.grid.blocks.append(this.ghost);
  }

  release(event) {
    const { how, block, cells, moved, touch } = this.pressed ?? {};
    const dragged = this.dragging;
    this.cancel();
    if (!dragged) return;
    event.preventDefault();
    if (how === "add" && (moved || touch)) this.grid.add(cells);
    else if (how !== "add" && moved) this.grid.change(block.line, cells);
    else if (how !== "add") block.querySelector(".body").focus();
    // What follows a drag as a click is none; without a drag, the grid's own click handler adds.
    this.justDragged = moved || touch;
    setTimeout(() => (this.justDragged = false));
  }

  cancel() {
    clearTimeout(this.timer);
    if (this.dragging && this.sheet.hasPointerCapture(this.pressed.pointer)) {
      this.sheet.releasePointerCapture(this.pressed.pointer);
    }
    this.ghost.remove();
    this.grid.classList.remove("dragging");
    this.pressed = this.dragging = null;
  }

  scrollAtEdge(event) {
    const box = this.sheet.getBoundingClientRect();
    const head = this.grid.heads[0].offsetHeight;
    if (event.clientY < box.top + head + EDGE_PX) this.sheet.scrollTop -= SCROLL_PX;
    else if (event.clientY > box.bottom - EDGE_PX) this.sheet.scrollTop += SCROLL_PX;
  }
}
