
/* Fault by fault, and where and how often it strikes: who answers, or how long the user waits. */

const ORDERS = {
  side: ["primary", "fallback", "both"], times: ["once", "exhausted", "forever"], at: ["first", "middle", "last"],
  entry: ["agent", "cli", "cron", "gateway"],
};
const WARMTHS = [5, 30, 120, 600]; // seconds; a cell that is above the n-th of them is n degrees warm
const STRIKES = RUNS.filter((run) => run.text("of") === "matrix" && run.label("fault"));

function matrixSection() {
  if (!STRIKES.length) return null;
  const entries = valuesOf(STRIKES, "entry");
  const picture = make("div", { class: "wide tall", role: "region", "aria-label": "Heat map", tabindex: "-1" });
  const redraw = () => picture.replaceChildren(heatMap());
  listeners.push((changed) => { if (changed.has("heat") || changed.has("heat_entry")) redraw(); });
  redraw();
  return section("matrix", "Fault by fault",
    make("p", { class: "dim" }, "A row for each fault, a column for whom it strikes, how often, and on which attempt. ",
      "Choose a cell for its runs; arrow keys go from cell to cell."),
    make("div", { class: "controls" },
      chooser("heat", "Show", [["", "who answers"], ["seconds", "seconds that the user waits"]]),
      entries.length > 1 ? chooser("heat_entry", "Entrance", [["", "all"], ...entries.map((each) => [each, each])]) : null),
    picture);
}

function chooser(key, title, choices) {
  const select = make("select", { id: `choose-${key}`, on: { change: () => look({ [key]: select.value }) } },
    ...choices.map(([value, text]) => make("option", { value }, text)));
  const follow = () => { select.value = looked[key]; };
  listeners.push(follow);
  follow();
  return make("label", { for: select.id }, title, select);
}

function valuesOf(runs, name) {
  const order = ORDERS[name] ?? [];
  const rank = (value) => (order.includes(value) ? order.indexOf(value) : order.length);
  const found = [...new Set(runs.map((run) => run.label(name)))].filter((value) => value);
  return found.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
}

function heatMap() {
  const runs = STRIKES.filter((run) => !looked.heat_entry || run.label("entry") === looked.heat_entry);
  const axes = ["side", "times", "at"].map((name) => [name, valuesOf(runs, name)]).filter(([, values]) => values.length);
  const columns = axes.reduce((found, [name, values]) =>
    found.flatMap((column) => values.map((value) => ({ ...column, [name]: value }))), [{}]);
  const cells = cellsOf(runs, axes);
  const families = new Map();
  for (const run of runs) {
    const family = run.text("family") || "other";
    if (!families.has(family)) families.set(family, new Set());
    families.get(family).add(run.label("fault"));
  }
  const table = make("table", { class: "heat", role: "grid", "aria-label": "Faults and what comes of them" },
    headOf(axes, columns.length));
  for (const [family, faults] of families) table.append(familyBody(family, faults, columns, cells, axes));
  walkable(table);
  return table;
}

function cellKey(fault, at, axes) { return [fault, ...axes.map(([name]) => at[name])].join("\u0000"); }

function cellsOf(runs, axes) {
  const cells = new Map();
  for (const run of runs) {
    const key = [run.label("fault"), ...axes.map(([name]) => run.label(name))].join("\u0000");
    const cell = cells.get(key) ?? { runs: 0, endings: new Set(), standings: new Set(), most: 0, worst: "primary" };
    cell.runs += 1;
    cell.standings.add(run.standing);
    if (run.standing === "held" || run.standing === "broken") {
      cell.endings.add(run.ending);
      cell.most = Math.max(cell.most, run.number("took"));
      cell.worst = worse(cell.worst, run.ending);
    }
    cells.set(key, cell);
  }
  return cells;
}

function headOf(axes, width) {
  const rows = [];
  let repeats = 1;
  for (const [name, values] of axes) {
    const each = width / values.length / repeats;
    const heads = Array.from({ length: repeats }, () => values).flat();
    rows.push(make("tr", { role: "row" }, make("th", { scope: "col", class: "axis" }, name),
      ...heads.map((value) => make("th", { scope: each > 1 ? "colgroup" : "col", colspan: each > 1 ? each : null },
        outside(value)))));
    repeats *= values.length;
  }
  return make("thead", {}, ...rows);
}

function familyBody(family, faults, columns, cells, axes) {
  const body = make("tbody", {}, make("tr", { class: "family" },
    make("th", { scope: "rowgroup", colspan: columns.length + 1 }, outside(family))));
  for (const fault of [...faults].sort()) {
    body.append(make("tr", { role: "row" }, make("th", { scope: "row", role: "rowheader" }, outside(fault)),
      ...columns.map((at) => heatCell(fault, at, cells.get(cellKey(fault, at, axes))))));
  }
  return body;
}

function heatCell(fault, at, cell) {
  const where = Object.values(at).join(", ");
  if (!cell) return make("td", { role: "gridcell", tabindex: "-1", class: "empty", "aria-label": `${fault}, ${where}: not tried` });
  const seen = ENDINGS.filter((ending) => cell.endings.has(ending));
  const odd = STANDINGS.filter((standing) => standing !== "held" && cell.standings.has(standing));
  const warmth = WARMTHS.filter((limit) => cell.most > limit).length;
  const warm = looked.heat === "seconds";
  const said = [seen.map((ending) => SENTENCES[ending]).join(" or "), `at most ${seconds(cell.most)}`,
    ...odd.map((standing) => DATA.standings[standing]), counted(cell.runs, "run")].filter((text) => text).join("; ");
  const letters = seen.map((ending) => LETTERS[ending]).join("");
  const told = make("td", {
    role: "gridcell", tabindex: "-1", title: `${fault}, ${where}: ${said}`, "aria-label": `${fault}, ${where}: ${said}`,
    class: [!seen.length ? "" : warm ? `warm-${warmth}` : `e-${cell.worst}`, ...odd.map((each) => `v-${each}`)].join(" "),
  }, seen.length ? (warm ? String(Math.round(cell.most)) : letters) : "", odd.map((each) => make("sup", {}, MARKS[each])));
  told.chosen = { fault, ...at, entry: looked.heat_entry };
  return told;
}

/* One cell is in the tab order; arrow keys go to its neighbours, Enter shows its runs. */
function walkable(table) {
  const rows = [...table.querySelectorAll("tbody tr[role=row]")].map((row) => [...row.querySelectorAll("td")]);
  let here = [0, 0];
  const stand = (row, column) => {
    rows[here[0]][here[1]].tabIndex = -1;
    here = [row, column];
    rows[row][column].tabIndex = 0;
  };
  const open = (cell) => {
    if (!cell.chosen) return;
    look(filtersOf({ pass: "matrix", ...cell.chosen }));
    show("runs");
  };
  stand(0, 0);
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    stand(rows.findIndex((row) => row.includes(cell)), rows.find((row) => row.includes(cell)).indexOf(cell));
    open(cell);
  });
  table.addEventListener("keydown", (event) => {
    const [row, column] = here;
    const sideways = { ArrowRight: column + 1, ArrowLeft: column - 1, Home: 0, End: rows[row].length - 1 };
    if (event.key === "Enter" || event.key === " ") open(rows[row][column]);
    else if (event.key in sideways) stand(row, Math.max(0, Math.min(rows[row].length - 1, sideways[event.key])));
    else if (moved(event.key, row, rows.length) !== null) stand(moved(event.key, row, rows.length), column);
    else return;
    event.preventDefault();
    if (event.key !== "Enter" && event.key !== " ") rows[here[0]][here[1]].focus();
  });
}
