/* <slot-grid>: picks candidates on a week that the server has drawn, by mouse, touch and keyboard.

   Every cell brings its start and end, every row and column its words; nothing is calculated about time here. A
   candidate is a line of the list (cloned from the template, sent by the form) and, in the week that is shown, a
   block over the cells. Without this script the list, the typed fields and all buttons work the same. */

import { SlotDrag } from "./slot-drag.js";

const PAGE_ROWS = 8;
const LAST_DAY = 6;

class SlotGrid extends HTMLElement {
  connectedCallback() {
    this.days = this.querySelector(".week-part");
    this.list = this.querySelector(".picked-list");
    this.blocks = document.createElement("div");
    this.blocks.className = "blocks";
    this.read();
    this.drag = new SlotDrag(this);
    this.days.addEventListener("click", (event) => this.click(event));
    this.days.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => this.dropLine(event));
    this.draw();
    this.open();
  }

  /* What the server has drawn. */
  read() {
    this.sheet = this.querySelector(".sheet");
    this.heads = [...this.querySelectorAll("[data-day]")];
    this.rows = [...this.querySelectorAll("[role=row]")].slice(1);
    this.cells = this.rows.map((row) => [...row.querySelectorAll("[role=gridcell]")]);
    this.places = new Map(this.cells.flatMap((row, r) => row.map((cell, c) => [cell, { r, c }])));
    this.inOrder = this.heads.flatMap((_, c) => this.cells.map((row) => row[c]).filter((cell) => this.isFree(cell)));
    this.sheet.append(this.blocks);
  }

  /* The week opens at business hours, and at today; their first free cell is what Tab reaches. */
  open() {
    const work = this.querySelector(".work [role=rowheader]") ?? this.rows[0].firstElementChild;
    this.sheet.scrollTop = work.offsetTop - this.heads[0].offsetHeight - 4;
    this.sheet.scrollLeft = (this.querySelector(".today")?.offsetLeft ?? 0) - work.offsetWidth;
    const cell = this.querySelector(".work [data-start]") ?? this.querySelector("[data-start]");
    if (cell) this.rove(cell, false);
  }

  /* The same week as a fresh page shows it: who is busy may have changed, the candidates stay. */
  renew(fresh) {
    const { scrollTop, scrollLeft } = this.sheet;
    this.days.replaceChildren(...fresh.querySelector(".week-part").childNodes);
    this.read();
    this.draw();
    this.open();
    this.sheet.scrollTo(scrollLeft, scrollTop);
    for (const line of this.lines) {
      const same = fresh.querySelector(`.picked[data-start="${line.dataset.start}"][data-end="${line.dataset.end}"]`);
      if (same) line.querySelector(".clash").textContent = same.querySelector(".clash").textContent;
    }
  }

  /* Cells, and what they say */

  cellAt(event) {
    const found = document.elementFromPoint(event.clientX, event.clientY);
    return this.places.has(found) ? found : null;
  }

  isFree(cell) {
    return Boolean(cell?.dataset.start);
  }

  /* The cells of one column from row a to row b that exist and lie ahead. */
  span(c, a, b) {
    const rows = this.cells.slice(Math.max(0, Math.min(a, b)), Math.max(a, b) + 1);
    return rows.map((row) => row[c]).filter((cell) => this.isFree(cell));
  }

  /* As many cells as the chosen length has, from this one downwards. */
  usual(cell) {
    const { r, c } = this.places.get(cell);
    const steps = Number(this.querySelector("[name=minutes]").value) / Number(this.dataset.step);
    return this.span(c, r, r + Math.max(1, steps) - 1);
  }

  words(cells) {
    return this.dataset.slot
      .replace("{day}", this.heads[this.places.get(cells[0]).c].dataset.day)
      .replace("{from}", this.from(cells))
      .replace("{to}", this.to(cells));
  }

  from(cells) {
    return this.rows[this.places.get(cells[0]).r].firstElementChild.textContent;
  }

  to(cells) {
    return cells.at(-1).dataset.until ?? this.rows[this.places.get(cells.at(-1)).r].firstElementChild.dataset.until;
  }

  say(name, slot = "") {
    const place = this.querySelector(".announce");
    place.textContent = this.dataset[name].replace("{slot}", slot);
    place.classList.add("hidden-but-read");
  }

  /* Whoever looks must see why nothing happened. */
  refuse(name, slot) {
    this.say(name, slot);
    this.querySelector(".announce").classList.remove("hidden-but-read");
  }

  /* Candidates: lines of the list */

  get lines() {
    return [...this.list.children];
  }

  /* The cells that a candidate covers: those of this week, on several days where it runs over midnight. */
  covers(line) {
    const { start, end } = line.dataset;
    const first = this.inOrder.findIndex((cell) => cell.dataset.start === start);
    const last = this.inOrder.findIndex((cell) => cell.dataset.end === end);
    const begins = first >= 0 || start < this.inOrder[0]?.dataset.start;
    const ends = last >= 0 || end > this.inOrder.at(-1)?.dataset.end;
    return begins && ends ? this.inOrder.slice(Math.max(0, first), last < 0 ? undefined : last + 1) : [];
  }

  /* One that runs over midnight is neither moved nor stretched: one column can't say where it would go. */
  isWhole(line) {
    const cells = this.covers(line);
    const { start, end } = line.dataset;
    return this.byDay(cells).length === 1 && cells[0].dataset.start === start && cells.at(-1).dataset.end === end;
  }

  byDay(cells) {
    return this.heads.map((_, c) => cells.filter((cell) => this.places.get(cell).c === c)).filter((day) => day.length);
  }

  overlaps(cells, besides) {
    const taken = this.lines.filter((line) => line !== besides).flatMap((line) => this.covers(line));
    return cells.some((cell) => taken.includes(cell) || cell.classList.contains("s"));
  }

  add(cells) {
    if (!cells?.length) return;
    if (cells.some((cell) => cell.classList.contains("r"))) return this.refuse("reserved", this.words(cells));
    if (this.overlaps(cells)) return this.refuse("overlaps");
    if (this.lines.length >= Number(this.dataset.most)) return this.refuse("full");
    const line = this.querySelector("template.line-shape").content.firstElementChild.cloneNode(true);
    const room = this.closest("form").elements.next_room?.value;
    if (room !== undefined) line.querySelector("[name=room]").value = room;
    this.fill(line, cells);
    this.list.insertBefore(line, this.lines.find((other) => other.dataset.start > line.dataset.start) ?? null);
    this.changed();
    this.say("added", this.words(cells));
  }

  change(line, cells) {
    const moved = cells.length === this.covers(line).length;
    const stands = cells.some((cell) => cell.classList.contains("r"));
    if (!cells.length || stands || this.overlaps(cells, line)) return this.refuse(moved ? "immovable" : "unsizable");
    this.fill(line, cells);
    this.changed();
    this.say("changed", this.words(cells));
  }

  remove(line) {
    const words = line.querySelector(".when").textContent;
    line.remove();
    this.changed();
    this.say("removed", words);
  }

  /* The form hears of it as of anything typed. */
  changed() {
    this.draw();
    this.list.dispatchEvent(new Event("input", { bubbles: true }));
  }

  fill(line, cells) {
    const words = this.words(cells);
    line.dataset.start = cells[0].dataset.start;
    line.dataset.end = cells.at(-1).dataset.end;
    line.querySelector("[name=candidate]").value = `${line.dataset.start}|${line.dataset.end}`;
    line.querySelector(".when").textContent = words;
    line.querySelector(".drop").setAttribute("aria-label", this.dataset.drop.replace("{slot}", words));
    line.querySelector("select")?.setAttribute("aria-label", `${this.dataset.room} ${words}`);
    line.querySelector(".clash").textContent = cells.some((cell) => cell.matches(".b1, .b2, .b3, .h")) ? this.dataset.clash : "";
    line.querySelectorAll(".problem").forEach((problem) => problem.remove());
    line.classList.remove("wrong", "refused");
  }

  /* Blocks over the cells, and everything that counts or repeats the candidates */

  draw() {
    const focused = this.blocks.contains(document.activeElement) ? document.activeElement.dataset.start : null;
    this.blocks.replaceChildren();
    this.querySelectorAll("[role=gridcell][aria-selected]").forEach((cell) => cell.removeAttribute("aria-selected"));
    this.lines.forEach((line, n) => {
      line.querySelector(".drop").value = `remove:${n}`;
      this.block(line);
    });
    if (focused) this.bodyOf(focused)?.focus();
    this.querySelector(".none").hidden = this.lines.length > 0;
    const form = this.closest("form");
    form.querySelector(".count").textContent = this.dataset.count.replace("{n}", this.lines.length);
    const copied = form.querySelector(".copied");
    if (copied) copied.value = this.lines.map((line) => line.querySelector(".when").textContent).join("\n");
  }

  block(line) {
    const cells = this.covers(line);
    cells.forEach((cell) => cell.setAttribute("aria-selected", "true"));
    for (const day of this.byDay(cells)) this.blockOn(day, line);
  }

  blockOn(cells, line) {
    const words = line.querySelector(".when").textContent;
    const block = this.querySelector("template.block-shape").content.firstElementChild.cloneNode(true);
    const body = block.querySelector(".body");
    const [from, to] = this.dataset.times.split("|");
    body.dataset.start = cells[0].dataset.start;
    body.setAttribute("aria-label", this.dataset.block.replace("{slot}", words));
    body.children[0].textContent = from.replace("{from}", this.from(cells));
    body.children[1].textContent = to.replace("{to}", this.to(cells));
    block.querySelector(".drop").setAttribute("aria-label", this.dataset.drop.replace("{slot}", words));
    block.classList.toggle("short", cells.length === 1);
    block.classList.toggle("fixed", !this.isWhole(line));
    block.line = line;
    this.lay(block, cells);
    this.blocks.append(block);
  }

  bodyOf(start) {
    return this.blocks.querySelector(`.body[data-start="${start}"]`);
  }

  lay(element, cells) {
    const first = this.places.get(cells[0]);
    element.style.gridColumn = String(first.c + 2);
    element.style.gridRow = `${first.r + 2} / ${this.places.get(cells.at(-1)).r + 3}`;
  }

  /* A plain press on a cell adds the usual length; a screen reader's "activate" comes this way, too. */
  click(event) {
    if (this.drag.justDragged) return;
    const block = event.target.closest(".block");
    if (block && event.target.closest(".drop")) return this.remove(block.line);
    if (block) return block.line.querySelector("select, .drop").focus();
    const cell = this.places.has(event.target) ? event.target : this.cellAt(event);
    if (!this.isFree(cell)) return;
    this.rove(cell, false);
    this.add(this.usual(cell));
  }

  dropLine(event) {
    const line = event.target.closest(".drop")?.closest("li");
    if (!line) return;
    event.preventDefault();
    const next = line.nextElementSibling ?? line.previousElementSibling;
    this.remove(line);
    (next?.querySelector(".drop") ?? this.active)?.focus();
  }

  /* Keyboard: one cell can be reached by Tab, arrows lead to the others; blocks come after it in Tab's order. */

  rove(cell, focus = true) {
    this.active?.removeAttribute("tabindex");
    this.active = cell;
    cell.tabIndex = 0;
    if (focus) cell.focus();
  }

  key(event) {
    const block = event.target.closest(".block");
    const act = block ? this.keyOnBlock(event, block.line) : this.places.has(event.target) && this.keyOnCell(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  keyOnBlock({ key, shiftKey }, line) {
    const cells = this.covers(line);
    const first = this.places.get(cells[0]);
    const last = this.places.get(cells.at(-1)).r + ({ ArrowDown: 1, ArrowUp: -1 }[key] ?? 0);
    if (key === "Delete" || key === "Backspace") return () => (this.remove(line), this.active.focus());
    if (key === "Escape") return () => this.rove(cells[0]);
    const fits = key.startsWith("Arrow") && shiftKey && last >= first.r && last < this.rows.length;
    return fits && this.isWhole(line) && (() => this.change(line, this.span(first.c, first.r, last)));
  }

  keyOnCell({ key, shiftKey, target }) {
    const { r, c } = this.places.get(target);
    const steps = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Home: [0, -c], End: [0, LAST_DAY - c], PageDown: [PAGE_ROWS, 0], PageUp: [-PAGE_ROWS, 0] };
    if (steps[key]) return () => this.walk(r, c, steps[key], shiftKey && steps[key][0]);
    if (key === "Enter" || key === " ") return () => this.enter(target);
    if (key === "Escape") return () => (this.drag.cancel(), this.select(null));
    const line = this.lines.find((each) => this.covers(each).includes(target));
    return (key === "Delete" || key === "Backspace") && line && (() => this.remove(line));
  }

  walk(r, c, [down, right], extending) {
    const row = Math.max(0, Math.min(this.rows.length - 1, r + down));
    const next = this.cells[row][Math.max(0, Math.min(LAST_DAY, c + right))];
    this.select(extending ? (this.anchor ?? this.cells[r][c]) : null, next);
    this.rove(next);
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
    const line = this.lines.find((each) => this.covers(each).includes(cell));
    if (line) return this.bodyOf(line.dataset.start).focus();
    const cells = this.anchor ? this.selected(cell) : this.isFree(cell) && this.usual(cell);
    this.select(null);
    if (cells) this.add(cells);
  }
}

customElements.define("slot-grid", SlotGrid);
