
/* The states that an agent can come to, from left to right by how many answers it took, and what leads where. */

const GRAPH = graphOf(RUNS.filter((run) => run.row[RUN.edge]));
const BOX = { width: 168, height: 36, across: 92, down: 12 };
const MOST_IN_COLUMN = 20;
const MOST_LISTED = 200;

/* States with what leads to them and away from them; `depth` is that of the shortest way. */
function graphOf(runs) {
  const states = Array.from({ length: DATA.states }, (_, id) => ({ id, ways: [], from: [], depth: -1, who: "", name: "", by: "" }));
  for (const run of runs) {
    const row = run.row[RUN.edge];
    const way = {
      before: states[row[EDGE.before]], by: TEXTS[row[EDGE.by]], after: row[EDGE.after] < 0 ? null : states[row[EDGE.after]],
      then: TEXTS[row[EDGE.then]], waited: row[EDGE.waited], run,
    };
    way.before.ways.push(way);
    way.before.who ||= TEXTS[row[EDGE.asked]];
    way.before.name ||= TEXTS[row[EDGE.shown]];
    if (way.after) {
      way.after.from.push(way);
      way.after.name ||= way.then;
    }
  }
  const roots = states.filter((state) => !state.from.length);
  return reached(states, roots.length ? roots : states.slice(0, 1));
}

function reached(states, roots) {
  let front = roots;
  for (const root of roots) root.depth = 0;
  while (front.length) {
    const next = [];
    for (const state of front) for (const way of state.ways) {
      if (way.after && way.after.depth < 0) {
        way.after.depth = state.depth + 1;
        way.after.by = way.by;
        next.push(way.after);
      }
    }
    front = next;
  }
  for (const state of states) {
    state.name ||= state.depth === 0 ? "start" : `state ${state.id}`;
    state.who ||= /^(primary|fallback)\b/.exec(state.name)?.[0] ?? ""; // of one that was not walked further
  }
  return states.filter((state) => state.depth >= 0);
}

function statesSection() {
  if (!GRAPH.length) return null;
  const steps = GRAPH.reduce((sum, state) => sum + state.ways.length, 0);
  const depth = Math.max(...GRAPH.map((state) => state.depth));
  const groups = groupsOf();
  const picture = make("div", { class: "wide graph", tabindex: "0", role: "region", "aria-label": "State graph" });
  const chosen = make("div", { class: "chosen" });
  const redraw = () => {
    const left = picture.scrollLeft;
    picture.replaceChildren(overview(groups));
    picture.scrollLeft = inView(chosenGroup(groups), left, picture.clientWidth);
    chosen.replaceChildren(...chosenOf(groups));
  };
  listeners.push((changed) => {
    if (!changed.has("state")) return;
    redraw();
    say(chosen.querySelector("h3")?.textContent ?? "");
  });
  redraw();
  requestAnimationFrame(() => { picture.scrollLeft = inView(chosenGroup(groups), 0, picture.clientWidth); });
  const folded = groups.some((group) => group.states.length > 1);
  return section("states", "States of the agent",
    make("p", { class: "dim" }, `${counted(GRAPH.length, "state")}, ${counted(steps, "step")} between them, ${depth} deep. `,
      folded ? "So many that a box stands for all that are alike; choose one to see them one by one. " : "",
      "From left to right by the number of answers that it took; a line is what a provider did."),
    picture, chosen);
}

/* How far to scroll so that a box is in view: no further than needed. */
function inView(group, left, width) {
  if (!group) return left;
  const most = group.x - BOX.across;
  const least = group.x + BOX.width + BOX.across - width;
  return Math.max(0, Math.min(most, Math.max(least, left)));
}

/* The finest way to put states together in which no column is too long. */
function groupsOf() {
  const ways = [
    (state) => `${state.id}`, (state) => state.name, (state) => (state.by ? `${state.who}, after ${state.by}` : state.name), (state) => state.who,
  ];
  for (const way of ways) {
    const groups = grouped_by(way);
    const columns = new Map();
    for (const group of groups) columns.set(group.depth, (columns.get(group.depth) ?? 0) + 1);
    if (Math.max(...columns.values()) <= MOST_IN_COLUMN || way === ways.at(-1)) return placed(groups);
  }
  return [];
}

function grouped_by(way) {
  const groups = new Map();
  const put = (key, depth, make_one) => {
    const whole = `${depth}\u0000${key}`;
    if (!groups.has(whole)) groups.set(whole, { depth, states: [], ends: 0, ...make_one() });
    return groups.get(whole);
  };
  for (const state of GRAPH) {
    const key = way(state);
    const single = key === `${state.id}`;
    put(key, state.depth, () => ({ name: single ? state.name : key, who: state.who })).states.push(state);
    for (const each of state.ways) if (!each.after) {
      const kind = each.then.split(":")[0] || "ended";
      put(`end ${kind}`, state.depth + 1, () => ({ name: kind, who: "end", key: kind })).ends += 1;
    }
  }
  return [...groups.values()];
}

function placed(groups) {
  const columns = new Map();
  const order = { primary: 0, fallback: 1, "": 2, end: 3 };
  for (const group of groups) columns.set(group.depth, [...(columns.get(group.depth) ?? []), group]);
  for (const column of columns.values()) {
    column.sort((a, b) => (order[a.who] ?? 2) - (order[b.who] ?? 2) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    column.forEach((group, row) => { group.row = row; });
  }
  const tallest = Math.max(...[...columns.values()].map((column) => column.length));
  for (const group of groups) {
    group.x = group.depth * (BOX.width + BOX.across);
    group.y = (group.row + (tallest - columns.get(group.depth).length) / 2) * (BOX.height + BOX.down);
  }
  return groups;
}

function overview(groups) {
  const where = new Map(groups.flatMap((group) => group.states.map((state) => [state, group])));
  const ends = new Map(groups.filter((group) => group.who === "end").map((group) => [`${group.depth} ${group.key}`, group]));
  const lines = new Map();
  for (const state of GRAPH) for (const way of state.ways) {
    const to = way.after ? where.get(way.after) : ends.get(`${state.depth + 1} ${way.then.split(":")[0] || "ended"}`);
    const from = where.get(state);
    const key = `${groups.indexOf(from)} ${groups.indexOf(to)}`;
    const line = lines.get(key) ?? { from, to, count: 0, by: new Set() };
    line.count += 1;
    line.by.add(way.by);
    lines.set(key, line);
  }
  const here = chosenGroup(groups);
  const labelled = groups.every((group) => group.states.length < 2) && lines.size <= 80;
  const [width, height] = [Math.max(...groups.map((each) => each.x)) + BOX.width, Math.max(...groups.map((each) => each.y)) + BOX.height];
  const picture = draw("svg", {
    class: "states", role: "group", "aria-label": `${counted(groups.length, "box", "boxes")}, ${counted(lines.size, "line")}`,
    width: width + 20, height: height + 20, viewBox: `-10 -10 ${width + 20} ${height + 20}`,
  }, arrowHead("tip"), ...[...lines.values()].map((line) => lineOf(line, here, labelled)), ...groups.map((group) => boxOf(group, here)));
  arrowable(picture, groups);
  return picture;
}

function chosenGroup(groups) {
  if (looked.state === "") return null;
  return groups.find((group) => group.states.some((state) => String(state.id) === looked.state)) ?? null;
}

function arrowHead(id) {
  return draw("defs", {}, draw("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" },
    draw("path", { d: "M0 0L8 4L0 8z", class: "tip" })));
}

function lineOf({ from, to, count, by }, here, labelled) {
  const back = to.x <= from.x;
  const [x1, y1, x2, y2] = [from.x + BOX.width, from.y + BOX.height / 2, to.x, to.y + BOX.height / 2];
  const bend = back ? 60 : (x2 - x1) / 2;
  const words = [...by].sort().join(", ");
  const path = draw("path", {
    d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, "marker-end": "url(#tip)", "aria-hidden": "true",
    class: `line${here && (from === here || to === here) ? " near" : ""}${here && from !== here && to !== here ? " far" : ""}${back ? " back" : ""}`,
    "stroke-width": Math.min(5, 1 + Math.log2(count) / 2),
  }, draw("title", {}, `${from.name} to ${to.name}: ${words}`));
  if (!labelled) return path;
  const text = draw("text", { class: "by", x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 3, "text-anchor": "middle", "aria-hidden": "true" }, shortened(words, 15));
  return draw("g", {}, path, text);
}

function shortened(text, most) {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}\u2026` : text;
}

function boxOf(group, here) {
  const count = group.states.length || group.ends;
  const more = group.who === "end" ? counted(count, "way") : count > 1 ? counted(count, "state") : group.name.startsWith(group.who) ? "" : group.who;
  const frontier = group.who !== "end" && group.states.every((state) => !state.ways.length);
  return draw("g", {
    class: `box w-${["primary", "fallback", "end"].includes(group.who) ? group.who : "other"}${group === here ? " here" : ""}`,
    transform: `translate(${group.x} ${group.y})`, tabindex: "-1", role: "button", "aria-pressed": group === here ? "true" : "false",
    "aria-label": `depth ${group.depth}: ${[group.name, more, frontier ? "not walked further" : ""].filter((text) => text).join(", ")}`,
  },
  draw("rect", { width: BOX.width, height: BOX.height, rx: group.who === "end" ? 18 : group.who === "fallback" ? 9 : 2 }),
  draw("text", { x: 10, y: 15 }, shortened(group.name, 25)), draw("text", { x: 10, y: 29, class: "dim" }, [more, frontier ? "not walked further" : ""].filter((text) => text).join(", ")),
  draw("title", {}, group.name));
}

function arrowable(picture, groups) {
  const boxes = [...picture.querySelectorAll(".box")];
  let here = Math.max(0, boxes.findIndex((box) => box.classList.contains("here")));
  boxes[here].setAttribute("tabindex", "0");
  const open = (group) => {
    if (!group.states.length) return;
    look({ state: String(group.states[0].id) });
    document.querySelector(".graph .here")?.focus();
  };
  picture.addEventListener("click", (event) => {
    const box = event.target.closest(".box");
    if (box) open(groups[boxes.indexOf(box)]);
  });
  picture.addEventListener("keydown", (event) => {
    const there = neighbour(groups, groups[here], event.key);
    if (event.key === "Enter" || event.key === " ") open(groups[here]);
    else if (there) {
      boxes[here].setAttribute("tabindex", "-1");
      here = groups.indexOf(there);
      boxes[here].setAttribute("tabindex", "0");
      boxes[here].focus();
    } else return;
    event.preventDefault();
  });
}

function neighbour(groups, from, key) {
  const [across, down] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key] ?? [0, 0];
  if (down) return groups.find((each) => each.depth === from.depth && each.row === from.row + down);
  const column = across ? groups.filter((each) => each.depth === from.depth + across) : [];
  return column.sort((a, b) => Math.abs(a.y - from.y) - Math.abs(b.y - from.y))[0];
}

/* The state that is looked at, with its ways in and out, and the others in its box. */
function chosenOf(groups) {
  const state = GRAPH.find((each) => String(each.id) === looked.state);
  if (!state) return [make("p", { class: "dim" }, "No state is chosen.")];
  const group = chosenGroup(groups);
  return [
    make("h3", {}, outside(state.name)),
    make("p", { class: "dim" }, `state ${state.id}, ${counted(state.depth, "answer")} deep`),
    group.states.length > 1 ? othersOf(group, state) : null,
    make("div", { class: "ways" },
      waysOf("Ways in", state.from, (way) => [stateLink(way.before), outside(way.by)]),
      waysOf("Ways out", state.ways, (way) => [outside(way.by), way.after ? stateLink(way.after) : outside(way.then || "ended")])),
  ].filter((each) => each);
}

function othersOf(group, state) {
  const shown = group.states.slice(0, MOST_LISTED);
  if (!shown.includes(state)) shown.push(state);
  const select = make("select", { on: { change: () => look({ state: select.value }) } },
    ...shown.map((each) => make("option", { value: each.id, selected: each === state }, `${each.id}: ${each.name}`)));
  return make("label", {}, `One of ${counted(group.states.length, "state")} in this box`, select);
}

function stateLink(state) {
  const link = linkTo({ state: String(state.id) }, "states", outside(`${state.id}: ${state.name}`));
  return link;
}

function waysOf(title, ways, cells) {
  const heads = title === "Ways in" ? ["from", "by", "waits", "run"] : ["by", "to", "waits", "run"];
  if (!ways.length) return make("p", {}, title === "Ways in" ? "Here it begins." : "It was not walked further.");
  return make("table", {}, make("caption", {}, `${title} (${grouped(ways.length)})`),
    make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...ways.slice(0, MOST_LISTED).map((way) => make("tr", {}, ...cells(way).map((cell) => make("td", {}, cell)),
      make("td", {}, way.waited ? seconds(way.waited) : "-"),
      make("td", {}, linkTo({ ...filtersOf({}), run: way.run.id }, "runs", outside(way.run.id))))),
    ways.length > MOST_LISTED ? make("tr", {}, make("td", { colspan: 4 }, `and ${grouped(ways.length - MOST_LISTED)} more`)) : null));
}
