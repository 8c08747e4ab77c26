"use strict";
// The theme: the system's until the reader chooses another.
const root = document.documentElement, button = document.getElementById("theme");
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
const name = () => { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Show in ${isDark() ? "light" : "dark"} colours`); };
button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
systemDark.addEventListener("change", name);
button.hidden = false;
name();

// The titles of marks as tips that come at once, and on touch.
const tip = document.getElementById("tip");
for (const title of document.querySelectorAll("svg .target > title, svg .bar > title, svg .stretch > title, svg .area > title")) {
  title.parentNode.dataset.tip = title.textContent;
  title.remove();
}
const show = (event) => {
  const text = event.target.dataset?.tip;
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(6, Math.min(event.clientX + 14, innerWidth - box.width - 6))}px`;
  tip.style.top = `${event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 18}px`;
};
addEventListener("pointermove", show);
addEventListener("pointerdown", show);
addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
