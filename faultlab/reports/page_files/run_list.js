
/* The runs as a list of which only what is in sight is in the document, and the one that is looked at. */

const ROW = 46;
const SPARE = 8; // rows above and below those in sight
const PRINTED = 200;
const rowsShown = { runs: [], first: -1, last: -1 };

function runsSection() {
  const count = make("p", { id: "count", class: "dim" });
  const rows = make("div", { class: "rows", role: "presentation" });
  const list = make("div", {
    class: "list", id: "list", role: "grid", tabindex: "0", "aria-label": "Runs", "aria-colcount": "5", "aria-describedby": "count",
  }, rows);
  const detail = make("div", { class: "detail", id: "detail", role: "region", "aria-label": "The run that is chosen" });
  const printed = make("div", { class: "printed" });
  const refilter = () => {
    rowsShown.runs = passing();
    rowsShown.first = rowsShown.last = -1;
    const told = `${grouped(rowsShown.runs.length)} of ${counted(RUNS.length, "run")}`;
    count.textContent = told + (DATA.left_out ? ` (${grouped(DATA.left_out)} more held, and are left out of this page)` : "");
    rows.style.height = `${rowsShown.runs.length * ROW}px`;
    list.setAttribute("aria-rowcount", String(rowsShown.runs.length));
    list.scrollTop = 0;
    return told;
  };
  const redraw = () => fill(list, rows);
  list.addEventListener("scroll", redraw, { passive: true });
  list.addEventListener("keydown", (event) => walk(event, list));
  rows.addEventListener("click", (event) => {
    const row = event.target.closest("[role=row]");
    if (row) look({ run: rowsShown.runs[Number(row.dataset.place)].id });
  });
  listeners.push((changed) => {
    if (FILTERS.some((key) => changed.has(key))) say(refilter());
    if (changed.has("run")) detail.replaceChildren(...detailOf());
    if (changed.has("run") || FILTERS.some((key) => changed.has(key))) {
      inSight(list);
      rowsShown.first = -1;
      redraw();
    }
  });
  window.addEventListener("resize", redraw);
  window.addEventListener("beforeprint", () => printed.replaceChildren(printedRuns()));
  refilter();
  detail.replaceChildren(...detailOf());
  requestAnimationFrame(() => { inSight(list); redraw(); });
  return section("runs", DATA.kind === "campaign" ? "Runs" : "Scenarios", filtersForm(), count,
    make("div", { class: "beside" }, list, detail), printed);
}

function placeOfChosen() { return rowsShown.runs.findIndex((run) => run.id === looked.run); }

/* Draw the rows in sight, and a few more. */
function fill(list, rows) {
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
  const last = Math.min(rowsShown.runs.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE);
  if (first === rowsShown.first && last === rowsShown.last) return;
  Object.assign(rowsShown, { first, last });
  const chosen = placeOfChosen();
  rows.replaceChildren(...rowsShown.runs.slice(first, last).map((run, place) => rowOf(run, first + place, chosen)));
  if (chosen >= first && chosen < last) list.setAttribute("aria-activedescendant", `row-${chosen}`);
  else list.removeAttribute("aria-activedescendant");
}

function rowOf(run, place, chosen) {
  const labels = run.labels.map(([, text]) => text).join(", ");
  const what = run.label("scenario") || labels || run.text("family");
  const row = make("div", {
    id: `row-${place}`, role: "row", class: `row${place === chosen ? " here" : ""}`, "data-place": place,
    "aria-rowindex": place + 1, "aria-selected": place === chosen ? "true" : "false",
  },
  make("span", { role: "gridcell", class: `mark v-${run.standing}`, "aria-label": DATA.standings[run.standing] }, MARKS[run.standing]),
  make("span", { role: "gridcell", class: "name" }, outside(run.name)),
  make("span", { role: "gridcell", class: "what dim" }, outside(what)),
  make("span", { role: "gridcell", class: `chip e-${run.ending}`, "aria-label": SENTENCES[run.ending] }, LETTERS[run.ending]),
  make("span", { role: "gridcell", class: "took dim" }, seconds(run.number("took"))));
  row.style.transform = `translateY(${place * ROW}px)`;
  return row;
}

function walk(event, list) {
  if (event.key === "Enter") return void document.querySelector("#detail h3")?.focus();
  const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
  const there = moved(event.key, placeOfChosen(), rowsShown.runs.length, page);
  if (there === null || !rowsShown.runs.length) return;
  event.preventDefault();
  look({ run: rowsShown.runs[there].id });
}

function inSight(list) {
  const place = placeOfChosen();
  if (place < 0) return;
  const [top, bottom] = [place * ROW, (place + 1) * ROW];
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

function detailOf() {
  const run = NUMBERED.get(looked.run);
  if (!run) return [make("p", { class: "dim" }, looked.run ? `There is no run ${looked.run}.` : "Choose a run to see what happened in it.")];
  return [
    make("h3", { tabindex: "-1" }, make("span", { class: `mark v-${run.standing}`, "aria-hidden": "true" }, MARKS[run.standing]), outside(run.name)),
    make("p", {}, make("b", {}, DATA.standings[run.standing]), `: ${storyOf(run)}. `,
      copyButton("the link to this run", () => { writeAddress(); return location.href; }, "Copy link")),
    ...run.breaches.map(breachCard),
    run.reasons.length ? make("ul", { class: "reasons" }, ...run.reasons.map((reason) => make("li", {}, outside(reason)))) : null,
    timelineOf(run),
    run.turns.length ? turnsOf(run) : null,
    run.steps.length ? stepsTable(run) : null,
    factsOf(run),
    run.text("again") ? copyable("the command that runs it again", run.text("again")) : null,
  ].filter((each) => each);
}

function breachCard(breach) {
  const where = [breach.turn !== null ? `turn ${breach.turn}` : "the whole file", breach.step !== null ? `step ${breach.step}` : ""];
  const found = (DATA.broken ?? []).find((each) => each.what === breach.what)?.found;
  return make("div", { class: "card v-broken" },
    make("p", {}, make("span", { class: "mark v-broken", "aria-hidden": "true" }, "!"), outside(breach.what, "code"),
      ` did not hold (${where.filter((text) => text).join(", ")})`),
    pairsOf([["expected", breach.expected], ["found", breach.found]]),
    found ? make("p", {}, "The smallest scenario that shows it: ", outside(found.file, "code")) : null);
}

function turnsOf(run) {
  return make("ol", { class: "turns", "aria-label": "Turns" }, ...run.turns.map(([user, end, error]) => make("li", {},
    make("p", {}, make("q", {}, outside(user))), make("p", {}, outside(end)), error ? make("pre", { tabindex: "0" }, outside(error, "code")) : null)));
}

function factsOf(run) {
  const told = [["run", run.id], ["family", run.text("family")], ["failure", run.text("failure")], ["switched for", run.text("switch")], ...run.labels];
  const pairs = told.filter(([, text]) => text);
  const edge = run.row[RUN.edge];
  if (edge) pairs.push(["state", linkTo({ state: String(edge[EDGE.before]) }, "states", `${edge[EDGE.before]}`)]);
  return pairsOf(pairs);
}

/* What stands on paper in place of the list. */
function printedRuns() {
  const odd = rowsShown.runs.filter((run) => run.standing !== "held");
  const shown = [...odd, ...rowsShown.runs.filter((run) => run.standing === "held")].slice(0, PRINTED);
  const heads = ["run", "verdict", "what", "outcome", "waited"];
  return make("table", {},
    make("caption", {}, `${counted(shown.length, "run")} of ${grouped(rowsShown.runs.length)}; those that did not hold come first`),
    make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...shown.map((run) => make("tr", {}, make("td", {}, outside(run.name)), make("td", {}, `${MARKS[run.standing]} ${DATA.standings[run.standing]}`),
      make("td", {}, outside(run.labels.map(([, text]) => text).join(", ") || run.text("family"))),
      make("td", {}, DATA.endings[run.ending] ?? run.ending), make("td", {}, seconds(run.number("took")))))));
}
