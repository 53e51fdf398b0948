"use strict";

/* The data of the page as values, and the few functions by which anything gets into the document: all of it as text. */

const DATA = JSON.parse(document.getElementById("data").textContent);
const TEXTS = DATA.texts;
const RUN = placesOf(DATA.fields.run);
const STEP = placesOf(DATA.fields.step);
const EDGE = placesOf(DATA.fields.edge);
const LABELS = placesOf(DATA.labels);

function placesOf(names) {
  return Object.fromEntries(names.map((name, place) => [name, place]));
}

/* One run: its row, read when it is asked for. */
class Run {
  constructor(row) {
    this.row = row;
    this.lowered = null;
  }
  text(name) { return TEXTS[this.row[RUN[name]]]; }
  number(name) { return this.row[RUN[name]]; }
  label(name) {
    const place = this.row[RUN.labels][LABELS[name]];
    return place === undefined || place < 0 ? "" : TEXTS[place];
  }
  get id() { return `${this.text("of")} ${this.row[RUN.number]}`; }
  get name() { return this.text("name") || this.id; }
  get standing() { return this.text("standing"); }
  get ending() { return this.text("ending"); }
  get fault() { return this.label("fault") || this.text("family"); }
  get labels() { return DATA.labels.map((name) => [name, this.label(name)]).filter(([, text]) => text); }
  get breaches() {
    return this.row[RUN.breaches].map(([what, expected, found, turn, step]) => ({
      what: TEXTS[what], expected: TEXTS[expected], found: TEXTS[found], turn, step,
    }));
  }
  get reasons() { return this.row[RUN.reasons].map((place) => TEXTS[place]); }
  get turns() { return this.row[RUN.turns].map(([user, end, error]) => [TEXTS[user], TEXTS[end], TEXTS[error]]); }
  get steps() { return this.row[RUN.steps].map((place) => new Step(DATA.steps[place])); }
  /* In small letters all that a search may find. */
  get searched() {
    if (this.lowered === null) {
      const said = [this.id, this.name, this.text("family"), this.text("failure"), this.text("switch")];
      const broken = this.breaches.flatMap((each) => [each.what, each.expected, each.found]);
      const sent = this.steps.flatMap((step) => [step.text("sent"), step.text("seen"), step.text("then")]);
      const told = [...said, ...this.labels.map(([, text]) => text), ...broken, ...this.reasons, ...sent,
        ...this.turns.flat()];
      this.lowered = told.join("\n").toLowerCase();
    }
    return this.lowered;
  }
}

class Step {
  constructor(row) { this.row = row; }
  text(name) { return TEXTS[this.row[STEP[name]]]; }
  number(name) { return this.row[STEP[name]]; }
  get answered() { return /^2/.test(this.text("seen")) && /answer|recording|renewal: ok/.test(this.text("sent")); }
}

const RUNS = DATA.runs.map((row) => new Run(row));
const NUMBERED = new Map(RUNS.map((run) => [run.id, run]));

/* How a run ended: the letter that stands for it where there is no room for words. From the best to the worst. */
const LETTERS = {
  primary: "P", primary_after_waits: "W", fallback: "F", compressed: "C", partial: "H", failed: "X", interrupted: "I",
  none: "-",
};
const SENTENCES = {
  primary: "answered by the primary at once", primary_after_waits: "answered by the primary after waits",
  fallback: "answered by the fallback", compressed: "answered after compression", partial: "ended partial",
  failed: "failed", interrupted: "interrupted", none: "no turn came to an end",
};
const ENDINGS = Object.keys(LETTERS);
const MARKS = { held: "+", broken: "!", not_reached: "?", trouble: "~" };
const STANDINGS = Object.keys(MARKS);

function worse(a, b) { return ENDINGS.indexOf(a) < ENDINGS.indexOf(b) ? b : a; }

function counted(number, one, many = `${one}s`) { return `${grouped(number)} ${number === 1 ? one : many}`; }

function grouped(number) { return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ","); }

function seconds(number) {
  if (number === null || number === undefined) return "-";
  const rounded = number >= 10000 ? Math.round(number) : Math.round(number * 1000) / 1000;
  const [whole, part] = String(rounded).split(".");
  return `${grouped(Number(whole))}${part ? `.${part}` : ""} s`;
}

/* An element: attributes, listeners under `on`, then its children; a string becomes a text node. */
function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/* A text from outside, which may be of any script: it keeps to its own direction. */
function outside(text, tag = "bdi") { return make(tag, { class: "outside" }, text); }

function say(text) { document.getElementById("said").textContent = text; }

function copyButton(what, text, title = "Copy") {
  const button = make("button", { type: "button", class: "copy", "aria-label": `Copy ${what}` }, title);
  button.addEventListener("click", async () => {
    const done = await copied(typeof text === "function" ? text() : text);
    button.textContent = done ? "Copied" : "Not copied";
    say(done ? `${what} copied` : `${what} could not be copied`);
    setTimeout(() => { button.textContent = title; }, 2000);
  });
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/* What is found: a scenario's file, or a command, with a button that copies it. */
function copyable(what, text) {
  return make("div", { class: "copyable" }, make("pre", { tabindex: "0", "aria-label": what }, outside(text, "code")),
    copyButton(what, text));
}

function section(id, title, ...children) {
  return make("section", { id, "aria-labelledby": `${id}-title` },
    make("h2", { id: `${id}-title`, tabindex: "-1" }, title), ...children);
}

/* Where an arrow key leads to in a row of `count` things; null if the key is no such key. */
function moved(key, place, count, page = 10) {
  const places = {
    ArrowDown: place + 1, ArrowUp: place - 1, PageDown: place + page, PageUp: place - page, Home: 0, End: count - 1,
  };
  return key in places ? Math.max(0, Math.min(count - 1, places[key])) : null;
}
