// The page comes to life: figures drawn, tables sortable, questions listed, light or dark.

function tellErrors() {
  const root = document.documentElement;
  root.dataset.errors = "0";
  const tell = () => { root.dataset.errors = String(Number(root.dataset.errors) + 1); };
  window.addEventListener("error", tell);
  window.addEventListener("unhandledrejection", tell);
  document.addEventListener("securitypolicyviolation", tell);
}

function themeButton() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const other = (name) => (name === "dark" ? "light" : "dark");
  button.hidden = false;
  button.textContent = other(system);
  button.addEventListener("click", () => {
    root.dataset.theme = other(root.dataset.theme || system);
    button.textContent = other(root.dataset.theme);
  });
}

/** A click on a column's head sorts by it, a second one the other way. */
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const valueOf = (row, i) => {
    const cell = row.cells[i];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  };
  heads.forEach((head, i) => {
    head.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [first, second] = [valueOf(a, i), valueOf(b, i)];
        const order = typeof first === "number" && typeof second === "number"
          ? first - second : String(first).localeCompare(String(second));
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}

function start() {
  const data = JSON.parse(document.getElementById("report").textContent);
  document.body.append(tip);
  themeButton();
  const drawn = [...document.querySelectorAll("figure[data-figure]")].map((figure) => {
    const task = data.tasks[Number(figure.dataset.task)];
    const draw = figure.dataset.figure === "frontier" ? frontierFigure : curvesFigure;
    return draw(figure, task);
  });
  let width = document.body.clientWidth;
  window.addEventListener("resize", () => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    drawn.forEach((draw) => draw());
  });
  document.querySelectorAll("table").forEach(sortable);
  const holder = document.querySelector(".explorer");
  if (holder) explorer(holder, data.explorer);
  document.documentElement.dataset.ready = "yes";
}

tellErrors();
start();
