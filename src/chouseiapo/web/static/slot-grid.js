/* <slot-grid>: picks candidates on a week that the server has drawn, by mouse, touch and keyboard.

   Every cell brings its start and end, every row and column its words; nothing is calculated about time here. A
   candidate is a line of the list (cloned from the template, sent by the form) and, in the week that is shown, a
   block over the cells. Without this script the list, the typed fields and all buttons work the same. */

const PRESS_MS = 300;
const SLOP_PX = 8;
const EDGE_PX = 28;

class SlotGrid extends HTMLElement {
  connectedCallback() {
    this.sheet = this.querySelector(".sheet");
    this.list = this.querySelector(".picked-list");
    this.heads = [...this.querySelectorAll("[data-day]")];
    this.rows = [...this.querySelectorAll("[role=row]")].slice(1);
    this.cells = this.rows.map((row) => [...row.querySelectorAll("[role=gridcell]")]);
    this.places = new Map(this.cells.flatMap((row, r) => row.map((cell, c) => [cell, { r, c }])));
    this.starts = new Map([...this.places].map(([cell, place]) => [cell.dataset.start, place]));
    this.blocks = document.createElement("div");
    this.blocks.className = "blocks";
    this.sheet.append(this.blocks);
    this.listen();
    this.draw();
    this.open();
  }

  listen() {
    this.sheet.addEventListener("pointerdown", (event) => this.press(event));
    this.sheet.addEventListener("pointermove", (event) => this.drag(event));
    this.sheet.addEventListener("pointerup", (event) => this.release(event));
    this.sheet.addEventListener("pointercancel", () => this.cancel());
    this.sheet.addEventListener("touchmove", (event) => this.dragging && event.preventDefault(), { passive: false });
    this.sheet.addEventListener("contextmenu", (event) => (this.dragging || this.touched) && event.preventDefault());
    this.sheet.addEventListener("click", (event) => this.click(event));
    this.sheet.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => this.dropLine(event));
  }

  /* The week opens at business hours; the first free cell can be reached by Tab. */
  open() {
    const cell = this.querySelector(".o[data-start]") || this.querySelector("[data-start]");
    const hours = this.querySelector(".o") || cell;
    if (hours) this.sheet.scrollTop = hours.offsetTop - this.heads[0].offsetHeight - 4;
    if (cell) this.rove(cell, false);
  }

  /* Where a pointer or a key is */

  cellAt(event) {
    const found = document.elementFromPoint(event.clientX, event.clientY);
    return found && this.places.has(found) ? found : null;
  }

  free(cell) {
    return Boolean(cell && cell.dataset.start);
  }

  /* The cells of one column from row a to row b that exist and lie ahead. */
  span(c, a, b) {
    const rows = this.cells.slice(Math.max(0, Math.min(a, b)), Math.max(a, b) + 1);
    return rows.map((row) => row[c]).filter((cell) => this.free(cell));
  }

  /* As many cells as the chosen length has, from this one downwards. */
  usual(cell) {
    const { r, c } = this.places.get(cell);
    const minutes = Number(this.querySelector("[name=minutes]").value);
    return this.span(c, r, r + Math.max(1, minutes / Number(this.dataset.step)) - 1);
  }

  words(cells) {
    const first = this.places.get(cells[0]);
    const last = this.places.get(cells.at(-1));
    const until = cells.at(-1).dataset.until || this.rows[last.r].firstElementChild.dataset.until;
    return this.dataset.slot
      .replace("{day}", this.heads[first.c].dataset.day)
      .replace("{from}", this.rows[first.r].firstElementChild.textContent)
      .replace("{to}", until);
  }

  say(name, slot = "") {
    this.querySelector(".announce").textContent = this.dataset[name].replace("{slot}", slot);
  }

  /* Candidates */

  lines() {
    return [...this.list.children];
  }

  covers(line) {
    const first = this.starts.get(line.dataset.start);
    if (!first) return [];
    const cells = this.span(first.c, first.r, this.rows.length - 1);
    const end = cells.findIndex((cell) => cell.dataset.end === line.dataset.end);
    return cells.slice(0, end + 1);
  }

  lineAt(cell) {
    return this.lines().find((line) => this.covers(line).includes(cell));
  }

  overlaps(cells, besides) {
    const taken = this.lines().filter((line) => line !== besides).flatMap((line) => this.covers(line));
    return cells.some((cell) => taken.includes(cell) || cell.classList.contains("s"));
  }

  add(cells) {
    if (!cells.length) return null;
    if (this.overlaps(cells)) return this.say("overlaps");
    if (this.lines().length >= Number(this.dataset.most)) return this.say("full");
    const line = this.querySelector("template").content.firstElementChild.cloneNode(true);
    this.fill(line, cells);
    const after = this.lines().find((other) => other.dataset.start > line.dataset.start);
    this.list.insertBefore(line, after || null);
    this.draw();
    this.say("added", this.words(cells));
    return line;
  }

  change(line, cells) {
    if (!cells.length || this.overlaps(cells, line)) return this.say("overlaps");
    this.fill(line, cells);
    this.draw();
    return this.say("changed", this.words(cells));
  }

  remove(line) {
    const words = line.querySelector(".when").textContent;
    line.remove();
    this.draw();
    this.say("removed", words);
  }

  fill(line, cells) {
    const words = this.words(cells);
    line.dataset.start = cells[0].dataset.start;
    line.dataset.end = cells.at(-1).dataset.end;
    line.querySelector("[name=candidate]").value = `${line.dataset.start}|${line.dataset.end}`;
    line.querySelector(".when").textContent = words;
    line.querySelector(".drop").setAttribute("aria-label", this.dataset.drop.replace("{slot}", words));
    line.querySelector("select")?.setAttribute("aria-label", words);
    const taken = cells.some((cell) => /\b(b\d|h)\b/.test(cell.className));
    line.querySelector(".clash").textContent = taken ? this.dataset.clash : "";
    line.querySelectorAll(".problem").forEach((problem) => problem.remove());
    line.classList.remove("wrong");
  }

  /* Blocks over the cells, and everything that counts or repeats the candidates. */
  draw() {
    const focused = this.blocks.contains(document.activeElement) && document.activeElement.dataset.start;
    this.blocks.replaceChildren();
    for (const row of this.cells) for (const cell of row) cell.removeAttribute("aria-selected");
    for (const line of this.lines()) this.block(line);
    if (focused) this.blocks.querySelector(`[data-start="${focused}"]`)?.focus();
    const lines = this.lines();
    lines.forEach((line, n) => (line.querySelector(".drop").value = `remove:${n}`));
    this.querySelector(".none").hidden = lines.length > 0;
    const form = this.closest("form");
    const count = form.querySelector(".count");
    if (count) count.textContent = this.dataset.count.replace("{n}", lines.length);
    const copied = form.querySelector(".copied");
    if (copied) copied.value = lines.map((line) => line.querySelector(".when").textContent).join("\n");
  }

  block(line) {
    const cells = this.covers(line);
    if (!cells.length) return;
    cells.forEach((cell) => cell.setAttribute("aria-selected", "true"));
    const words = line.querySelector(".when").textContent;
    const block = document.createElement("div");
    block.className = "block";
    block.innerHTML = '<button type="button" class="body"><span></span></button><button type="button" class="drop" tabindex="-1"></button><span class="grip"></span>';
    const [body, drop] = block.children;
    body.dataset.start = line.dataset.start;
    body.setAttribute("aria-label", this.dataset.block.replace("{slot}", words));
    body.firstElementChild.textContent = words.replace(this.heads[this.places.get(cells[0]).c].dataset.day, "").replace(/^[,\s]+/, "");
    drop.setAttribute("aria-label", this.dataset.drop.replace("{slot}", words));
    block.line = line;
    this.lay(block, cells);
    this.blocks.append(block);
  }

  lay(element, cells) {
    const first = this.places.get(cells[0]);
    element.style.gridColumn = String(first.c + 2);
    element.style.gridRow = `${first.r + 2} / ${this.places.get(cells.at(-1)).r + 3}`;
  }

  /* Mouse and touch: a mouse draws at once, a finger after it has rested. */

  press(event) {
    if (event.button !== 0 || this.dragging) return;
    const block = event.target.closest(".block");
    if (event.target.closest(".drop")) return;
    const cell = block ? this.covers(block.line)[0] : this.cellAt(event);
    if (!cell || !(block || this.free(cell))) return;
    const how = !block ? "add" : event.target.closest(".grip") ? "size" : "move";
    this.pressed = { how, block, cell, from: this.cellAt(event), x: event.clientX, y: event.clientY, id: event.pointerId };
    this.touched = event.pointerType !== "mouse";
    if (!this.touched || how === "size") this.start();
    else this.timer = setTimeout(() => this.start(), PRESS_MS);
    if (!this.touched) event.preventDefault();
  }

  start() {
    this.dragging = this.pressed;
    this.classList.add("dragging");
    if (this.dragging.block) {
      const under = document.elementFromPoint(this.dragging.x, this.dragging.y);
      this.dragging.from = this.places.has(under) ? under : this.dragging.cell;
    }
    this.sheet.setPointerCapture(this.dragging.id);
    if (this.touched && this.dragging.how === "add") this.preview([this.dragging.cell]);
  }

  drag(event) {
    if (!this.dragging) {
      const far = this.pressed && Math.hypot(event.clientX - this.pressed.x, event.clientY - this.pressed.y) > SLOP_PX;
      if (far) this.cancel();
      return;
    }
    this.scrollAtEdge(event);
    const cell = this.cellAt(event);
    if (!cell || (cell === this.dragging.from && !this.dragging.moved)) return;
    this.dragging.moved = true;
    this.preview(this.reached(cell));
  }

  /* The cells that the drag means when the pointer is over `cell`. */
  reached(cell) {
    const { how, block, cell: begun, from } = this.dragging;
    const first = this.places.get(begun);
    const { r, c } = this.places.get(cell);
    if (how === "add") return this.span(first.c, first.r, r);
    if (how === "size") return this.span(first.c, first.r, Math.max(first.r, r));
    const rows = this.covers(block.line).length;
    const top = Math.max(0, Math.min(first.r + r - this.places.get(from).r, this.rows.length - rows));
    return this.span(c, top, top + rows - 1);
  }

  preview(cells) {
    if (!cells.length) return;
    this.dragging.cells = cells;
    this.ghost ??= Object.assign(document.createElement("div"), { className: "ghost" });
    this.ghost.textContent = this.words(cells);
    this.lay(this.ghost, cells);
    this.blocks.append(this.ghost);
  }

  release(event) {
    const done = this.dragging;
    const { touched, pressed } = this;
    this.cancel();
    if (!done) return;
    const moved = done.cells && done.moved;
    if (done.how !== "add") {
      if (moved) this.change(done.block.line, done.cells);
    } else if (moved) this.add(done.cells);
    else if (touched && pressed) this.add(this.usual(done.cell));
    this.quiet = Boolean(moved || touched);
    setTimeout(() => (this.quiet = false));
    event.preventDefault();
  }

  cancel() {
    clearTimeout(this.timer);
    if (this.dragging && this.sheet.hasPointerCapture(this.dragging.id)) this.sheet.releasePointerCapture(this.dragging.id);
    this.ghost?.remove();
    this.classList.remove("dragging");
    this.dragging = this.pressed = this.touched = null;
  }

  scrollAtEdge(event) {
    const box = this.sheet.getBoundingClientRect();
    if (event.clientY < box.top + this.heads[0].offsetHeight + EDGE_PX) this.sheet.scrollTop -= 8;
    else if (event.clientY > box.bottom - EDGE_PX) this.sheet.scrollTop += 8;
  }

  /* A plain press on a cell adds the usual length; a screen reader's "activate" comes this way, too. */
  click(event) {
    if (this.quiet) return;
    const block = event.target.closest(".block");
    if (block && event.target.closest(".drop")) return this.remove(block.line);
    if (block) return block.line.querySelector("select, .drop").focus();
    const cell = this.places.has(event.target) ? event.target : this.cellAt(event);
    if (!this.free(cell)) return;
    this.rove(cell, false);
    this.add(this.usual(cell));
  }

  dropLine(event) {
    const button = event.target.closest(".drop");
    if (!button) return;
    event.preventDefault();
    const line = button.closest("li");
    const next = line.nextElementSibling || line.previousElementSibling;
    this.remove(line);
    (next?.querySelector(".drop") || this.active)?.focus();
  }

  /* Keyboard: one cell can be reached by Tab, arrows move on; blocks follow in the order of Tab. */

  rove(cell, focus = true) {
    this.active?.removeAttribute("tabindex");
    this.active = cell;
    cell.tabIndex = 0;
    if (focus) cell.focus();
  }

  key(event) {
    const block = event.target.closest(".block");
    const handled = block ? this.keyOnBlock(event, block) : this.places.has(event.target) && this.keyOnCell(event);
    if (handled) event.preventDefault();
  }

  keyOnBlock(event, block) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const cells = this.covers(block.line);
    if (event.key === "Delete" || event.key === "Backspace") {
      this.remove(block.line);
      this.active?.focus();
    } else if (event.key === "Escape") {
      this.rove(cells[0]);
    } else if (step && event.shiftKey) {
      const { r, c } = this.places.get(cells[0]);
      const last = this.places.get(cells.at(-1)).r + step;
      if (last >= r && last < this.rows.length) this.change(block.line, this.span(c, r, last));
    } else return false;
    return true;
  }

  keyOnCell(event) {
    const { r, c } = this.places.get(event.target);
    const move = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Home: [0, -c], End: [0, 6 - c], PageDown: [8, 0], PageUp: [-8, 0] }[event.key];
    if (move) return this.walk(r, c, move, event.shiftKey && move[0] && !move[1]);
    if (event.key === "Enter" || event.key === " ") return this.enter(event.target);
    const line = this.lineAt(event.target);
    if ((event.key === "Delete" || event.key === "Backspace") && line) this.remove(line);
    else if (event.key === "Escape") {
      this.cancel();
      this.select(null);
    } else return false;
    return true;
  }

  walk(r, c, [down, right], extending) {
    const row = Math.max(0, Math.min(this.rows.length - 1, r + down));
    const next = this.cells[row][Math.max(0, Math.min(6, c + right))];
    this.select(extending ? (this.anchor ?? this.cells[r][c]) : null, next);
    this.rove(next);
    return true;
  }

  /* Marks the cells from the anchor to the present one; without an anchor, none. */
  select(anchor, cell) {
    this.anchor = anchor;
    this.querySelectorAll(".sel").forEach((each) => each.classList.remove("sel"));
    if (!anchor) return;
    const cells = this.selected(cell);
    cells.forEach((each) => each.classList.add("sel"));
    if (cells.length) this.say("selecting", this.words(cells));
  }

  selected(cell) {
    const { r, c } = this.places.get(this.anchor);
    return this.span(c, r, this.places.get(cell).r);
  }

  enter(cell) {
    const line = this.lineAt(cell);
    if (line) {
      this.blocks.querySelector(`[data-start="${line.dataset.start}"]`)?.focus();
      return true;
    }
    if (!this.anchor && !this.free(cell)) return true;
    const cells = this.anchor ? this.selected(cell) : this.usual(cell);
    this.select(null);
    this.add(cells);
    return true;
  }
}

customElements.define("slot-grid", SlotGrid);
