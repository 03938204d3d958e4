/* Buttons that copy a field's text; without the script the field can be selected and copied by hand. */

function offer(part) {
  for (const button of part.querySelectorAll("[data-copy]")) {
    const words = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        document.execCommand("copy");
      }
      button.textContent = button.dataset.done;
      setTimeout(() => (button.textContent = words), 2000);
    });
  }
}

offer(document);
document.addEventListener("renewed", (event) => offer(event.target));
