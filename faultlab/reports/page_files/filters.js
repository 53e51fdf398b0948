
/* Which runs are shown. */

const CHOICES = {
  pass: { title: DATA.kind === "campaign" ? "Pass" : "File", of: (run) => run.text("of") },
  verdict: { title: "Verdict", of: (run) => run.standing, word: (value) => DATA.standings[value] ?? value },
  family: { title: "Family", of: (run) => run.text("family") },
  ending: { title: "Outcome", of: (run) => run.ending, word: (value) => DATA.endings[value] ?? value },
  entry: { title: "Entrance", of: (run) => run.label("entry") },
  fault: { title: "Fault", of: (run) => run.fault },
  side: { title: "Strikes", of: (run) => run.label("side") },
  times: { title: "How often", of: (run) => run.label("times") },
  at: { title: "Attempt", of: (run) => run.label("at") },
  breach: { title: "Breach", of: null },
};

function passing() {
  const wanted = Object.entries(CHOICES).filter(([key, choice]) => looked[key] && choice.of);
  const words = looked.text.toLowerCase().split(/\s+/).filter((word) => word);
  return RUNS.filter((run) => wanted.every(([key, choice]) => choice.of(run) === looked[key])
    && (!looked.breach || run.breaches.some((breach) => breach.what === looked.breach))
    && words.every((word) => run.searched.includes(word)));
}

function filtersForm() {
  const form = make("form", { class: "controls", role: "search", "aria-label": "Filter the runs", on: { submit: (event) => event.preventDefault() } });
  const search = make("input", { type: "search", id: "filter-text", on: { input: () => look({ text: search.value }) } });
  form.append(make("label", { for: "filter-text" }, "Text", search));
  const follow = [() => { if (search.value !== looked.text) search.value = looked.text; }];
  for (const [key, choice] of Object.entries(CHOICES)) {
    const values = valuesFor(key, choice);
    if (values.length < 2 && !looked[key]) continue;
    const select = make("select", { id: `filter-${key}`, on: { change: () => look({ [key]: select.value }) } },
      make("option", { value: "" }, "all"), ...values.map((value) => make("option", { value }, choice.word ? choice.word(value) : value)));
    follow.push(() => { select.value = looked[key]; });
    form.append(make("label", { for: select.id }, choice.title, select));
  }
  form.append(make("button", { type: "button", on: { click: () => look(filtersOf({})) } }, "Show all"));
  const all = () => follow.forEach((each) => each());
  listeners.push(all);
  all();
  return form;
}

function valuesFor(key, choice) {
  const found = new Set(choice.of ? RUNS.map(choice.of) : RUNS.flatMap((run) => run.breaches.map((breach) => breach.what)));
  found.delete("");
  const order = { verdict: STANDINGS, ending: ENDINGS, ...ORDERS }[key] ?? [];
  const rank = (value) => (order.includes(value) ? order.indexOf(value) : order.length);
  return [...found].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
}
