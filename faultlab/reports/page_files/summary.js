
/* What came of it in numbers and words: counts, families, what broke, what is weak. */

function headerOf() {
  const about = DATA.kind === "campaign"
    ? [`seed ${DATA.seed}`, DATA.policy ? `held to the policy ${DATA.policy}` : "held to the invariants alone",
      `faultlab ${DATA.version}`].join(", ")
    : "";
  return [make("h1", {}, outside(DATA.title)), about && make("p", { class: "dim" }, outside(about)), tilesOf()];
}

function tilesOf() {
  const total = Object.values(DATA.counts).reduce((sum, count) => sum + count, 0);
  const tiles = STANDINGS.filter((standing) => DATA.counts[standing] || standing === "held");
  return make("ul", { class: "tiles", "aria-label": "Verdicts" },
    make("li", {}, linkTo(filtersOf({}), "runs", make("b", {}, grouped(total)), ` ${total === 1 ? "run" : "runs"}`)),
    ...tiles.map((standing) => make("li", { class: `v-${standing}` },
      linkTo(filtersOf({ verdict: standing }), "runs", make("i", { "aria-hidden": "true" }, MARKS[standing]),
        make("b", {}, grouped(DATA.counts[standing])), ` ${DATA.standings[standing]}`))));
}

function summarySection() {
  if (DATA.kind !== "campaign") return null;
  return section("summary", "What a user sees", familiesOf(), legendOf(), passesOf(), ...oddOf());
}

function familiesOf() {
  const rows = DATA.families.filter((each) => Object.values(each.endings).some((count) => count));
  if (!rows.length) return make("p", {}, "Nothing has come to an end yet.");
  const endings = ENDINGS.filter((ending) => rows.some((each) => each.endings[ending]));
  const head = ["What goes wrong", ...endings.map((ending) => DATA.endings[ending]), "Median", "Worst"];
  return make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Families of faults" },
    make("table", { class: "families" },
      make("caption", {}, "Runs by what went wrong and by how the user's turn ended, and the seconds that a user waits"),
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...rows.map((each) => familyRow(each, endings)))));
}

function familyRow(each, endings) {
  const total = Object.values(each.endings).reduce((sum, count) => sum + count, 0);
  const family = each.family === "nothing went wrong" ? "" : each.family;
  const worst = each.worst && NUMBERED.get(`${each.worst.pass} ${each.worst.number}`);
  return make("tr", {},
    make("th", { scope: "row" }, linkTo(filtersOf({ family }), "runs", outside(each.family))),
    ...endings.map((ending) => endingCell(each, ending, total, family)),
    make("td", {}, seconds(each.median_s)),
    make("td", {}, worst ? linkTo({ ...filtersOf({}), run: worst.id }, "runs", seconds(each.worst_s)) : seconds(each.worst_s)));
}

function endingCell(each, ending, total, family) {
  const count = each.endings[ending];
  if (!count) return make("td", { class: "dim" }, "-");
  const waits = ending === "primary_after_waits" ? ` (${span(Object.keys(each.waits).map(Number))})` : "";
  const cell = make("td", {}, linkTo(filtersOf({ family, ending }), "runs", `${grouped(count)}${waits}`),
    make("span", { class: `bar e-${ending}`, "aria-hidden": "true" }));
  cell.lastChild.style.width = `${Math.max(2, Math.round((100 * count) / total))}%`;
  return cell;
}

function span(numbers) {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const told = least === most ? `${least}` : `${least} to ${most}`;
  return most === 1 ? `${told} wait` : `${told} waits`;
}

function legendOf() {
  const met = ENDINGS.filter((ending) => RUNS.some((run) => run.ending === ending));
  return make("ul", { class: "legend", "aria-label": "What the letters mean" },
    ...met.map((ending) => make("li", {}, make("span", { class: `chip e-${ending}` }, LETTERS[ending]), SENTENCES[ending])),
    ...STANDINGS.slice(1).map((standing) => make("li", {},
      make("span", { class: `mark v-${standing}` }, MARKS[standing]), DATA.standings[standing])));
}

function passesOf() {
  return make("ul", { class: "passes", "aria-label": "Passes" }, ...DATA.passes.map((each) => make("li", {},
    linkTo(filtersOf({ pass: each.name }), "runs", make("b", {}, outside(each.name))), ": ",
    outside(each.ended ?? "stopped before its end"), make("span", { class: "dim" }, ` (${counted(each.runs, "run")})`))));
}

function oddOf() {
  return [["Not reached, which is no success", DATA.not_reached], ["Trouble: no verdict on these", DATA.trouble]]
    .map(([title, reasons]) => {
      const told = Object.entries(reasons).sort(([, a], [, b]) => b - a);
      return told.length ? make("details", { class: "odd" },
        make("summary", {}, `${title}: ${counted(told.length, "reason")}`),
        make("ul", {}, ...told.map(([reason, count]) => make("li", {}, `${grouped(count)} \u00d7 `, outside(reason))))) : null;
    });
}

function brokenSection() {
  const broken = DATA.broken ?? [];
  if (!broken.length) return null;
  const shown = new Set();
  return section("broken", "What broke", ...broken.map((each) => breachOf(each, shown)));
}

function breachOf(each, shown) {
  const first = `${each.first.pass} ${each.first.number}`;
  return make("article", { class: "card v-broken" },
    make("h3", {}, make("span", { class: "mark v-broken", "aria-hidden": "true" }, "!"), outside(each.what, "code")),
    make("p", {}, linkTo(filtersOf({ breach: each.what }), "runs", `in ${counted(each.runs, "run")}`), ", first in ",
      linkTo({ ...filtersOf({ breach: each.what }), run: first }, "runs", outside(first))),
    pairsOf([["expected", each.first.expected], ["found", each.first.found]]),
    each.found && each.found.place ? make("p", { class: "dim" }, "said by", placeOf(each.found.place)) : null,
    smallestOf(each.found, shown));
}

/* One scenario may show several breaches: it stands with the first of them. */
function smallestOf(found, shown) {
  if (!found) return make("p", { class: "dim" }, "Not made smaller.");
  if (found.file && shown.has(found.file)) return make("p", { class: "dim" }, outside(found.file, "code"), ", as above");
  shown.add(found.file);
  return foundOf(found);
}

function foundOf(found) {
  return make("div", { class: "found" },
    make("h4", {}, outside(found.name)),
    make("p", { class: "dim" }, `${counted(found.entries, "fault entry", "fault entries")} left; `, outside(found.stopped),
      "; ", outside(found.file, "code")),
    copyable(`the command for ${found.breach}`, found.command),
    make("details", {}, make("summary", {}, "The scenario"), copyable(`the scenario for ${found.breach}`, found.text)));
}

function placeOf(place) {
  return place ? make("span", { class: "dim" }, " ", outside(`${place.file}:${place.line}`, "code")) : null;
}

function pairsOf(pairs) {
  return make("dl", { class: "pairs" }, ...pairs.flatMap(([name, text]) => [make("dt", {}, name),
    make("dd", {}, text instanceof Node ? text : outside(text))]));
}

function weakSection() {
  const spots = DATA.weak_spots ?? DATA.findings ?? [];
  if (!spots.length) return null;
  return section("weak", "Weak spots", make("ul", { class: "spots" }, ...spots.map((spot) => make("li", { class: "card" },
    make("p", {}, outside(spot.text), placeOf(spot.place), spot.worst ? make("span", {}, " ",
      linkTo({ ...filtersOf({}), run: spot.worst.join(" ") }, "runs", "See its worst run.")) : null),
    spot.mend ? copyable("the lines that mend it", spot.mend) : null))));
}

function unreadableSection() {
  const told = DATA.unreadable ?? [];
  if (!told.length) return null;
  return section("unreadable", "What could not be read", ...told.map((text) => make("pre", { class: "card" }, outside(text, "code"))));
}

/* How much was met of all that could be, by each of its sides. */
function coverageSection() {
  const told = DATA.coverage;
  if (!told || !told.covered) return told?.unknown ? section("coverage", "What was covered", make("p", {}, outside(told.unknown))) : null;
  const missing = told.missing.map((cell) => cell.split("|").join(", ").replaceAll("_", " "));
  return section("coverage", "What was covered",
    make("p", { class: "dim" }, `${grouped(told.covered)} of ${counted(told.cells, "cell")}: `,
      `${Object.keys(told.dimensions).join(", ")}, each with each.`),
    make("div", { class: "ways" }, ...Object.entries(told.dimensions).map(([name, words]) => make("table", { class: "share" },
      make("caption", {}, outside(name)),
      make("tbody", {}, ...Object.entries(words).map(([word, [met, all]]) => make("tr", {},
        make("th", { scope: "row" }, outside(word.replaceAll("_", " "))), make("td", {}, shareOf(met, all)),
        make("td", {}, `${grouped(met)} of ${grouped(all)}`))))))),
    missing.length ? make("details", {}, make("summary", {}, `Not covered: ${counted(missing.length, "cell")}`),
      make("ul", {}, ...missing.slice(0, MOST_MISSING).map((cell) => make("li", {}, outside(cell))),
        missing.length > MOST_MISSING ? make("li", {}, `and ${grouped(missing.length - MOST_MISSING)} more`) : null)) : null);
}

const MOST_MISSING = 200;

function shareOf(met, all) {
  const bar = make("span", { class: "share-bar", "aria-hidden": "true" }, make("span"));
  bar.firstChild.style.width = `${Math.round((100 * met) / all)}%`;
  return bar;
}
