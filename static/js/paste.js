// Paste rows from a spreadsheet into a grid of inputs. Without this file everything goes into one field, and can be undone.
"use strict";

(() => {
  const fields = (row) => [...row.querySelectorAll("td input, td select")];

  // "Webex Calling" chooses the option "Webex Calling (3 left)"; what is not on offer leaves the field as it is.
  function choose(select, text) {
    const wanted = text.trim().toLowerCase();
    const option = [...select.options].find(
      (one) => !one.disabled && (one.value === wanted || one.text.toLowerCase().replace(/ \(\d+ left\)$/, "") === wanted),
    );
    if (option) select.value = option.value;
  }

  function fill(field, text) {
    if (field instanceof HTMLSelectElement) choose(field, text);
    else field.value = text.trim();
  }

  // A new row is a copy of the last one, with the next number in every name.
  function addRow(body, prefix) {
    const last = body.rows[body.rows.length - 1];
    const row = last.cloneNode(true);
    const [from, to] = [`${prefix}-${body.rows.length - 1}`, `${prefix}-${body.rows.length}`];
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const { name, value } of [...element.attributes]) {
        const changed = value.split(from).join(to);
        if (changed !== value) element.setAttribute(name, changed);
      }
    }
    for (const button of row.querySelectorAll("button")) {
      for (const name of ["aria-label", "title"]) button.setAttribute(name, `Clear row ${body.rows.length + 1}`);
    }
    row.cells[0].textContent = String(body.rows.length + 1);
    for (const input of row.querySelectorAll("input")) input.value = "";
    for (const error of row.querySelectorAll(".field__errors")) error.remove();
    for (const field of fields(row)) field.removeAttribute("aria-invalid");
    body.append(row);
    return row;
  }

  function spread(lines, start, grid) {
    const body = grid.tBodies[0];
    const { pasteGrid: prefix, pasteMost: most } = grid.dataset;
    const first = [...body.rows].indexOf(start.closest("tr"));
    const column = fields(start.closest("tr")).indexOf(start);
    const fitting = lines.slice(0, Number(most) - first);
    fitting.forEach((line, offset) => {
      const row = body.rows[first + offset] || addRow(body, prefix);
      line.split("\t").forEach((text, index) => {
        const field = fields(row)[column + index];
        if (field) fill(field, text);
      });
    });
    const count = document.querySelector("input[type=hidden][name=rows]");
    if (count) count.value = String(body.rows.length);
    return lines.length - fitting.length;
  }

  document.addEventListener("paste", (event) => {
    const grid = event.target.closest?.("table[data-paste-grid]");
    const text = event.clipboardData?.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n+$/, "");
    if (!grid || !text || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    const left = spread(text.split("\n"), event.target, grid);
    const toast = left
      ? { level: "warning", message: `${left} rows did not fit. Create these users first, then paste the rest.` }
      : { level: "success", message: "Pasted. Check the rows, then choose Next." };
    document.dispatchEvent(new CustomEvent("toast", { detail: toast }));
  });
})();
