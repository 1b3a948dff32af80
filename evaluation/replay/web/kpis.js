/* What came of the whole episode, for every controller of the page; the best value of a row is bold. */

function kpiTables(recordings) {
  const kpis = uniqueByKey(recordings.flatMap((recording) => recording.kpis));
  const key = recordings.map((recording) => element("li", {}, lineSample(recording), nameElement(recording.label)));
  const heads = recordings.map((recording) => element("th", { scope: "col", class: "number" }, lineSample(recording), hidden(recording.label)));
  const rows = kpis.map((kpi) => kpiRow(kpi, recordings.map((recording) => recording.kpis.find((each) => each.key === kpi.key)?.value ?? null)));
  const table = element("table", {}, element("thead", {}, element("tr", {}, element("td"), ...heads)), element("tbody", {}, ...rows));
  return [element("ul", {}, ...key), table];
}

function kpiRow(kpi, values) {
  const texts = values.map((value) => numberText(value ?? NaN, kpi.digits));
  const known = values.filter((value) => value !== null);
  const best = kpi.better === "up" ? Math.max(...known) : kpi.better === "down" ? Math.min(...known) : NaN;
  const differ = new Set(texts).size > 1;
  const cells = values.map((value, index) => {
    const bold = differ && value !== null && texts[index] === numberText(best, kpi.digits);
    return element("td", { class: bold ? "number best" : "number" }, texts[index]);
  });
  const unit = kpi.unit ? element("span", { class: "unit" }, ` ${kpi.unit}`) : null;
  return element("tr", {}, element("th", { scope: "row" }, kpi.title, unit), ...cells);
}
