/* <slot-grid>: picks candidates on a week that the server has drawn, by mouse, touch and keyboard.

   Every cell brings its start and end, every row and column its words; nothing is calculated about time here. A
   candidate is a line of the list (cloned from the template, sent by the form) and, in the week that is shown, a
   block over the cells. Without this script the list, the typed fields and all buttons work the same. */

import { SlotDrag } from "./slot-drag.js";
import { SlotKeys } from "./slot-keys.js";

class SlotGrid extends HTMLElement {
  connectedCallback() {
    this.days = this.querySelector(".week-part");
    this.list = this.querySelector(".picked-list");
    this.blocks = document.createElement("div");
    this.blocks.className = "blocks";
    this.read();
    this.drag = new SlotDrag(this);
    new SlotKeys(this);
    this.days.addEventListener("click", (event) => this.click(event));
    this.list.addEventListener("click", (event) => this.dropLine(event));
    for (const type of ["pointerover", "focusin"]) this.days.addEventListener(type, (event) => this.point(event.target));
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
    for (const part of [".legend", ".paging", "[name=week]"]) this.querySelector(part).replaceWith(fresh.querySelector(part));
    this.read();
    this.open();
    this.sheet.scrollTo(scrollLeft, scrollTop);
    for (const line of this.lines) {
      const same = fresh.querySelector(`.picked[data-start="${line.dataset.start}"][data-end="${line.dataset.end}"]`);
      if (same) line.querySelector(".clash").textContent = this.clashOf(same);
    }
    this.draw();
    this.dispatchEvent(new Event("renew"));
  }

  /* Whether a day (2026-11-25) is in another week than the one that is shown. */
  isElsewhere(day) {
    return Boolean(day) && !this.inOrder.some((cell) => cell.dataset.start.startsWith(day));
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

  /* The two halves of a candidate's times, as a block shows them. */
  times(cells) {
    const [from, to] = this.dataset.times.split("|");
    return [from.replace("{from}", this.from(cells)), to.replace("{to}", this.to(cells))];
  }

  from(cells) {
    return this.rows[this.places.get(cells[0]).r].firstElementChild.textContent;
  }

  to(cells) {
    return cells.at(-1).dataset.until ?? this.rows[this.places.get(cells.at(-1)).r].firstElementChild.dataset.until;
  }

  say(name, slot = "") {
    this.tell(this.dataset[name].replace("{slot}", slot), false);
  }

  /* Whoever looks must see why nothing happened. */
  refuse(name, slot = "") {
    this.tell(this.dataset[name].replace("{slot}", slot), true);
  }

  tell(words, seen) {
    const place = this.querySelector(".announce");
    place.textContent = words;
    place.classList.toggle("hidden-but-read", !seen);
  }

  /* Under the week, for the eye: what a screen reader hears of this cell, and of a candidate what its line says. */
  point(target) {
    const line = target.closest(".block")?.line;
    const words = line ? [line.querySelector(".when").textContent, this.clashOf(line)] : [target.getAttribute("aria-label")];
    if (line || this.places.has(target)) this.querySelector(".pointed").textContent = words.join(" ");
    if (target.dataset.busy) target.title = words[0];
  }

  /* Who has something else in one of these cells. */
  clash(cells) {
    const busy = cells.flatMap((cell) => cell.dataset.busy?.split(" ") ?? []);
    const names = this.sheet.dataset.names.split("|").filter((_, n) => busy.includes(String(n)));
    return names.length ? this.dataset.clash.replace("{names}", names.join(this.dataset.comma)) : "";
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
    if (this.isSingle) this.list.replaceChildren();
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

  /* Where a time is fixed from the start there is one: another takes its place. */
  get isSingle() {
    return this.closest("form").elements.way?.value === "direct";
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
    line.querySelector(".clash").textContent = this.clash(cells);
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
    const clashing = this.lines.filter((line) => this.clashOf(line)).length;
    const count = clashing ? this.dataset.countClash.replace("{m}", clashing) : this.dataset.count;
    form.querySelector(".count").textContent = count.replace("{n}", this.lines.length);
    const copied = form.querySelector(".copied");
    if (!copied) return;
    copied.value = this.lines.map((line) => line.querySelector(".when").textContent).join("\n");
    copied.closest("details").hidden = !this.lines.length;
  }

  clashOf(line) {
    return line.querySelector(".clash").textContent;
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
    const [from, to] = this.times(cells);
    body.dataset.start = cells[0].dataset.start;
    const clash = this.clashOf(line);
    body.setAttribute("aria-label", this.dataset.block.replace("{slot}", clash ? `${words} ${clash}` : words));
    body.children[0].textContent = from;
    body.children[1].textContent = to;
    body.children[2].hidden = !clash;
    block.classList.toggle("clashing", Boolean(clash));
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
    if (!cell) return;
    if (!this.isFree(cell)) return this.tell(cell.getAttribute("aria-label"), true);
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

  /* One cell can be reached by Tab, and arrows lead to the others. */

  rove(cell, focus = true) {
    this.active?.removeAttribute("tabindex");
    this.active = cell;
    cell.tabIndex = 0;
    if (focus) cell.focus();
  }
}

customElements.define("slot-grid", SlotGrid);
