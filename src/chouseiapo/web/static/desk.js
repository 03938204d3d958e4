/* Keys on the list: / searches, j and k move from line to line; Enter opens, as on every link. */

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = [...document.querySelectorAll("[data-row]")];
  const here = rows.indexOf(document.activeElement);
  const next = { j: here + 1, k: here < 0 ? 0 : Math.max(0, here - 1) }[event.key];
  if (event.key === "/") document.getElementById("q").focus();
  else if (rows[next]) rows[next].focus();
  else return;
  event.preventDefault();
});
