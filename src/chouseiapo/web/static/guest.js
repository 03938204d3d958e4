/* The button that confirms says which time it confirms, in words that the server wrote. */

const button = document.getElementById("confirm");
const tell = () => {
  const picked = document.querySelector("[data-confirm]:checked");
  if (picked && button) button.textContent = picked.dataset.confirm;
};
document.getElementById("answer").addEventListener("change", tell);
addEventListener("pageshow", tell); // a browser may have kept the choice
tell();
