/* A mail's frame as high as the mail; it can run nothing, so the page measures it from outside. */

for (const frame of document.querySelectorAll(".mail-frame")) {
  const fit = () => {
    const page = frame.contentDocument?.documentElement;
    if (page) frame.style.height = `${page.scrollHeight}px`;
  };
  frame.addEventListener("load", fit);
  addEventListener("resize", fit);
  fit();
}
