// The river: choose births by a band, by the lists above the table, or with the arrow keys; the table follows.
for (const river of document.querySelectorAll(".river")) {
  const form = river.querySelector("form.choice"), [from, to] = form.querySelectorAll("select");
  const output = form.querySelector("output"), counts = output.dataset.counts.split(" ").map(Number);
  const rows = [...river.querySelectorAll("tbody tr")], bands = [...river.querySelectorAll(".cohort")];
  const list = river.querySelector("details.features-list"), last = counts.length - 1;
  const update = (choice) => {
    const [low, high] = [Number(from.value), Number(to.value)], whole = low === 0 && high === last;
    const inside = (element) => Number(element.dataset.cohort) >= low && Number(element.dataset.cohort) <= high;
    for (const row of rows) row.hidden = !inside(row);
    for (const band of bands) {
      band.classList.toggle("faint", !inside(band));
      band.setAttribute("aria-pressed", String(!whole && inside(band)));
    }
    const many = counts.slice(low, high + 1).reduce((sum, count) => sum + count, 0), shown = rows.filter(inside).length;
    output.textContent = `${many.toLocaleString("en")} features${shown < many ? `, of which ${shown.toLocaleString("en")} are listed: those that fire most` : ""}`;
    if (choice && !whole) list.open = true;
  };
  const choose = (low, high) => { from.value = low; to.value = high; update(true); };
  from.addEventListener("change", () => choose(Number(from.value), Math.max(Number(from.value), Number(to.value))));
  to.addEventListener("change", () => choose(Math.min(Number(from.value), Number(to.value)), Number(to.value)));
  form.querySelector("button").addEventListener("click", () => choose(0, last));
  for (const band of bands) {
    const cohort = Number(band.dataset.cohort);
    const press = () => (band.getAttribute("aria-pressed") === "true" && from.value === to.value ? choose(0, last) : choose(cohort, cohort));
    band.addEventListener("click", press);
    band.addEventListener("keydown", (event) => {
      const beside = bands.filter((other) => other.ownerSVGElement === band.ownerSVGElement);
      const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
      if (event.key === "Enter" || event.key === " ") press();
      else if (event.key === "Escape") choose(0, last);
      else if (step) beside[beside.indexOf(band) + step]?.focus();
      else return;
      event.preventDefault();
    });
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  update(false);
}
