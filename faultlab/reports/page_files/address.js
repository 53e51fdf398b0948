
/* What is looked at stands behind the # of the address, so that a link shows the same again. */

const FILTERS = ["pass", "verdict", "family", "ending", "entry", "fault", "side", "times", "at", "breach", "text"];
const KEYS = ["view", "run", "state", "heat", "heat_entry", ...FILTERS];
const looked = readAddress();
const listeners = [];
let writing = null;

function readAddress() {
  const told = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(KEYS.map((key) => [key, told.get(key) ?? ""]));
}

function addressOf(changes) {
  const told = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...looked, ...changes })) if (value) told.set(key, value);
  return `#${told}`;
}

/* Only these filters, and no others. */
function filtersOf(chosen) {
  return { ...Object.fromEntries(FILTERS.map((key) => [key, ""])), ...chosen };
}

/* Look at something else; what depends on it is told which keys changed. */
function look(changes) {
  const changed = Object.keys(changes).filter((key) => looked[key] !== changes[key]);
  if (!changed.length) return;
  Object.assign(looked, changes);
  clearTimeout(writing);
  writing = setTimeout(writeAddress, 150); // a browser allows only so many changes a second
  for (const listener of listeners) listener(new Set(changed));
}

function writeAddress() {
  clearTimeout(writing);
  const there = addressOf({});
  if (there !== location.hash) history.replaceState(null, "", there === "#" ? location.pathname : there);
}

function show(view) {
  look({ view });
  const title = document.getElementById(`${view}-title`);
  if (!title) return;
  title.scrollIntoView({ block: "start" });
  title.focus({ preventScroll: true });
}

/* A link that changes what is looked at; it is a real address too, for another tab. */
function linkTo(changes, view, ...children) {
  const link = make("a", { href: addressOf({ ...changes, view }) }, ...children);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    look(changes);
    show(view);
  });
  return link;
}

window.addEventListener("hashchange", () => {
  const there = readAddress();
  look(there);
  if (there.view) show(there.view);
});
