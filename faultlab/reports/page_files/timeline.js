
/* One run as lanes: who was asked when, what came, what was waited for, who answered in the end. */

const LANE = { name: 74, slot: 66, height: 58, bar: 26, wait: 22, most: 60 };

function timelineOf(run) {
  const steps = run.steps;
  if (!steps.length) return make("p", { class: "dim" }, "Nobody was asked.");
  const lanes = lanesOf(steps);
  const shown = steps.slice(0, LANE.most);
  const spots = spotsOf(shown);
  const end = spots.at(-1).x + LANE.slot + 70;
  const height = (lanes.length + 1) * LANE.height + 24;
  const picture = draw("svg", { class: "timeline", role: "img", width: end, height, viewBox: `0 0 ${end} ${height}` },
    draw("title", {}, storyOf(run)), arrowHead("turn"),
    ...[...lanes, "user"].map((lane, place) => laneOf(lane, place, end)),
    ...spots.flatMap((spot, place) => [...gapOf(spot, spots[place + 1], lanes), attemptOf(spot, lanes)]),
    userOf(run, spots, lanes.length, end));
  return make("figure", {}, make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Timeline" }, picture),
    make("figcaption", { class: "dim" }, "From left to right in the order of events; waits are not drawn to scale. ",
      steps.length > shown.length ? `The first ${shown.length} of ${steps.length} steps.` : ""));
}

function lanesOf(steps) {
  const asked = new Set(steps.map((step) => step.text("upstream")));
  const first = ["primary", "fallback"].filter((name) => asked.has(name) || name === "primary" && asked.has("fallback"));
  return [...new Set([...first, ...asked])];
}

function spotsOf(steps) {
  let x = LANE.name;
  return steps.map((step, place) => {
    const before = steps[place - 1];
    const gap = before ? Math.max(0, Math.round((step.number("started") - before.number("ended")) * 1000) / 1000) : 0;
    if (gap) x += LANE.wait + Math.min(40, 6 * Math.log2(1 + gap));
    const spot = { step, x, gap };
    x += LANE.slot;
    return spot;
  });
}

function middle(place) { return 20 + place * LANE.height + LANE.height / 2; }

function laneOf(name, place, end) {
  return draw("g", { class: "lane" }, draw("line", { x1: LANE.name - 8, x2: end, y1: middle(place), y2: middle(place) }),
    draw("text", { x: 0, y: middle(place) + 4 }, shortened(name, 10)));
}

function attemptOf({ step, x }, lanes) {
  const y = middle(lanes.indexOf(step.text("upstream")));
  const took = Math.round((step.number("ended") - step.number("started")) * 1000) / 1000;
  return draw("g", { class: step.answered ? "attempt good" : "attempt bad" },
    draw("rect", { x, y: y - LANE.bar / 2, width: LANE.slot - 8, height: LANE.bar, rx: step.answered ? 13 : 2 }),
    draw("text", { x: x + (LANE.slot - 8) / 2, y: y + 4, "text-anchor": "middle" },
      `${step.answered ? "\u2713" : "\u2717"} ${shortened(step.text("seen").replace(/^connection /, "").split(" ")[0], 6)}`),
    took ? draw("text", { class: "dim", x: x + (LANE.slot - 8) / 2, y: y + 26, "text-anchor": "middle" }, seconds(took)) : null,
    draw("title", {}, `at ${seconds(step.number("started"))}: ${step.text("sent")}, ${step.text("seen")}`));
}

/* What lies between this attempt and the next: a wait, a switch, or both. */
function gapOf(spot, next, lanes) {
  if (!next) return [];
  const [from, to] = [lanes.indexOf(spot.step.text("upstream")), lanes.indexOf(next.step.text("upstream"))];
  const start = spot.x + LANE.slot - 8;
  const told = [];
  if (next.gap) {
    told.push(draw("line", { class: "wait", x1: start, x2: next.x, y1: middle(from), y2: middle(from) }),
      draw("text", { class: "dim", x: (start + next.x) / 2, y: middle(from) - 7, "text-anchor": "middle" }, seconds(next.gap)));
  }
  if (from !== to) {
    const x = next.x - 4;
    told.push(draw("path", { class: "switch", "marker-end": "url(#turn)",
      d: `M${start - 12} ${middle(from) + 13}V${(middle(from) + middle(to)) / 2}H${next.x + 12}V${middle(to) - 14}` }),
    draw("text", { class: "dim", x: x + 22, y: (middle(from) + middle(to)) / 2 - 3 }, "switch"));
  }
  return told;
}

function userOf(run, spots, place, end) {
  const y = middle(place);
  const x = spots[0].x;
  const stop = end - 74;
  return draw("g", { class: `user e-${run.ending}` },
    draw("rect", { x, y: y - 7, width: stop - x, height: 14, rx: 7 }),
    draw("text", { x: x + 8, y: y + 22 }, `${SENTENCES[run.ending]} after ${seconds(run.number("took"))}`),
    draw("text", { class: "end", x: stop + 8, y: y + 5 }, LETTERS[run.ending]));
}

/* The picture in words. */
function storyOf(run) {
  const asked = [["primary", run.number("primary")], ["fallback", run.number("fallback")]].filter(([, count]) => count);
  return [
    ...asked.map(([name, count]) => `${counted(count, "request")} to the ${name}`),
    run.number("waits") ? `${counted(run.number("waits"), "wait")} of ${seconds(run.number("waited"))} in all` : "no wait",
    run.text("switch") ? `a switch to the fallback: ${run.text("switch")}` : "no switch",
    `${SENTENCES[run.ending]} after ${seconds(run.number("took"))}`,
  ].join("; ");
}

function stepsTable(run) {
  const steps = run.steps;
  const marked = new Set(run.breaches.map((breach) => breach.step));
  const heads = ["", "at", "asked", "sent", "seen", "then"];
  return make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Steps" },
    make("table", { class: "steps" }, make("caption", {}, "The same, step by step"),
      make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text || make("span", { class: "unseen" }, "step"))))),
      make("tbody", {}, ...steps.map((step, place) => make("tr", { class: marked.has(place + 1) ? "marked" : null },
        make("td", {}, marked.has(place + 1) ? `> ${place + 1}` : String(place + 1)), make("td", {}, seconds(step.number("started"))),
        ...["upstream", "sent", "seen", "then"].map((name) => make("td", {}, outside(step.text(name)))))))));
}
