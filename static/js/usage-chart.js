// Daily usage as a chart that can be zoomed by dragging and reset by a double click. Without it, the table says the same.
"use strict";

(() => {
  const SHADES = 6;
  const HEIGHT = 320;
  const box = document.getElementById("usage-chart");
  const data = JSON.parse(document.getElementById("usage-series").textContent);
  if (!box || !data.days.length) return;

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let chart = null;

  function axis() {
    return { stroke: color("--text-muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 } };
  }

  function resolved(shade) {
    // light-dark() is for style sheets: let the browser work it out on an element.
    const probe = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    probe.setAttribute("class", `shade-${shade}`);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.append(probe);
    box.append(svg);
    const fill = getComputedStyle(probe).fill;
    svg.remove();
    return fill;
  }

  function dayName(seconds) {
    const day = new Date(seconds * 1000);
    const parts = { day: "numeric", month: "short", timeZone: "UTC" };
    if (day.getUTCMonth() === 0 && day.getUTCDate() < 8) parts.year = "numeric";
    return day.toLocaleDateString("en-GB", parts);
  }

  function draw() {
    if (chart) chart.destroy();
    const series = data.packages.map((row, index) => ({
      label: row.name,
      stroke: resolved(index % SHADES),
      width: 2,
      dash: index >= SHADES ? [6, 4] : undefined,
      value: (_, value) => (value === null ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: 2 })),
    }));
    const options = {
      width: box.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high * 1.05 || 1] } },
      axes: [{ ...axis(), values: (_, ticks) => ticks.map(dayName) }, { ...axis(), size: 70 }],
      series: [{ label: "Day (UTC)", value: "{YYYY}-{MM}-{DD}" }, ...series],
    };
    chart = new uPlot(options, [data.days, ...data.packages.map((row) => row.used)], box);
  }

  draw();
  new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT })).observe(box);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
