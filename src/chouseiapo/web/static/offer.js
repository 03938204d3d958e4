/* The offer's form: fields that another choice has made pointless step back; what was typed in them stays.
   How the request is delivered decides which field is needed.
   A Web meeting's URL belongs to Web meetings: choosing another kind turns it off, and back on. */

const form = document.getElementById("offer");
const chosen = (name) => form.querySelector(`[name=${name}]:checked`)?.value;

function tidy() {
  for (const part of form.querySelectorAll("[data-for-kind]")) {
    const wrong = part.querySelector(".wrong");
    part.hidden = !part.dataset.forKind.split(" ").includes(chosen("kind")) && !wrong;
  }
  for (const part of form.querySelectorAll("[data-for-platform]")) {
    part.hidden = part.dataset.forPlatform !== chosen("platform");
  }
  for (const [name, delivery] of [["email", "mail"], ["name", "link"]]) {
    form.querySelector(`[for=${name}] .needed`).hidden = chosen("delivery") !== delivery;
  }
}

let platform = chosen("platform");
form.addEventListener("change", (event) => {
  if (event.target.name === "platform") platform = event.target.value;
  if (event.target.name === "kind") {
    const wanted = event.target.value === "web" ? platform : "none";
    const radio = form.querySelector(`[name=platform][value="${wanted}"]`);
    if (radio) radio.checked = true;
  }
  tidy();
});
tidy();
