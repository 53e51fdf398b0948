
/* The page, put together of those sections for which there is something to show. */

document.getElementById("top").append(...headerOf().filter((each) => each));
const sections = [summarySection(), brokenSection(), weakSection(), unreadableSection(), matrixSection(), statesSection(),
  coverageSection(), runsSection()].filter((each) => each);
document.getElementById("main").append(...sections);
document.getElementById("views").hidden = sections.length < 2;
document.getElementById("views").append(make("ul", {}, ...sections.map((each) =>
  make("li", {}, linkTo({}, each.id, each.querySelector("h2").textContent)))));
if (looked.view) show(looked.view);
