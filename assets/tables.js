// Long tables of results can be sorted by a click or a key on a heading; longer ones can be filtered,
// too. Only a page with such a table loads DataTables.
{
  const here = document.currentScript.src;
  const SORTED = 8; // rows, from which a table can be sorted
  const FILTERED = 15; // rows, from which it can be filtered
  // columns with these headings get a choice of their values
  const CHOICES = ["family", "kind", "verdict"];
  const UNITS = { ms: 1e-3, min: 60, h: 3600, kB: 1e3, MB: 1e6, GB: 1e9 };

  const textOf = (html) =>
    html.replace(/<[^>]*>/g, "").replace(/&lt;/g, "<").replace(/&nbsp;/g, " ").trim();

  // The first number of a cell such as +2.6 [+2.1, +3.1], <.0001, 1,200 or 3 min; NaN without one.
  function firstNumber(html) {
    const text = textOf(html).replace(/−/g, "-").replace(/(\d),(?=\d{3})/g, "$1");
    const found = text.match(/^([<>≤≥~]?)\s*([-+±]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(\w*)/i);
    if (!found) return NaN;
    const number = Number(found[2].replace("±", "")) * (UNITS[found[3]] ?? 1);
    return found[1] === "<" ? number - 1e-9 : number;
  }

  const isMissing = (html) => ["", "–", "-", "nan"].includes(textOf(html));

  // cells without a number come last in both directions
  function numbersBy(sign) {
    return (one, other) => {
      const [a, b] = [firstNumber(one), firstNumber(other)];
      if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
      return sign * (a - b);
    };
  }

  // words in the order of the alphabet, with the numbers in them in the order of numbers
  function wordsBy(sign) {
    return (one, other) => {
      const [a, b] = [textOf(one), textOf(other)];
      if (!a || !b) return !a - !b;
      return sign * a.localeCompare(b, "en", { numeric: true });
    };
  }

  // pandas names the lines in a row of their own: the names go up to the other headings
  function joinHeadings(table) {
    const [upper, lower] = [...table.tHead.rows].slice(-2);
    if (!lower || upper.cells.length !== lower.cells.length) return;
    const pairs = [...upper.cells].map((cell, place) => [cell, lower.cells[place]]);
    const apart = ([above, below]) => !above.textContent.trim() || !below.textContent.trim();
    if (!pairs.every(apart)) return;
    for (const [above, below] of pairs) {
      if (!above.textContent.trim()) above.innerHTML = below.innerHTML;
    }
    lower.remove();
  }

  // A cell that stands for several rows is repeated in each; its copies show once the order changes.
  function repeatSpans(table) {
    const rows = [...table.tBodies[0].rows];
    rows.forEach((row, place) => {
      [...row.cells].forEach((cell, column) => {
        const span = cell.rowSpan;
        cell.rowSpan = 1;
        for (const below of rows.slice(place + 1, place + span)) {
          const copy = cell.cloneNode(true);
          copy.removeAttribute("id");
          copy.classList.add("again");
          below.insertBefore(copy, below.cells[column] ?? null);
        }
      });
    });
  }

  const hasChoice = (heading) => CHOICES.includes(heading.textContent.trim());

  function addChoice(column) {
    const heading = column.header();
    const values = column.nodes().toArray().map((cell) => cell.textContent.trim());
    const select = document.createElement("select");
    select.setAttribute("aria-label", `only this ${heading.textContent.trim()}`);
    select.add(new Option("all", ""));
    for (const value of [...new Set(values)].sort()) {
      if (value) select.add(new Option(value, value));
    }
    // a click or a key on the choice must not sort the column
    for (const kind of ["click", "keydown", "keypress"]) {
      select.addEventListener(kind, (event) => event.stopPropagation());
    }
    select.addEventListener("change", () => column.search(select.value, { exact: true }).draw());
    heading.append(select);
  }

  // The columns whose cells all begin with a number, but for those that are empty.
  function numberColumns(table) {
    const rows = [...table.tBodies[0].rows];
    return [...rows[0].cells].map((_, column) => column).filter((column) => {
      const cells = rows.map((row) => row.cells[column].innerHTML);
      const there = cells.filter((cell) => !isMissing(cell));
      return there.length && there.every((cell) => !isNaN(firstNumber(cell)));
    });
  }

  function enhance(table) {
    const filtered = table.matches(".to-filter");
    new DataTable(table, {
      autoWidth: false,
      columnDefs: [
        { targets: numberColumns(table), type: "first-number" },
        { targets: "_all", type: "words" },
      ],
      info: false,
      language: { search: "Filter", searchPlaceholder: "" },
      layout: { topStart: null, topEnd: filtered ? "search" : null, bottomStart: null },
      order: [],
      paging: false,
      initComplete() {
        this.api().columns().every(function () {
          if (this.header().matches(".with-choice")) addChoice(this);
        });
      },
    }).on("order search", function () {
      table.classList.add("reordered");
    });
  }

  // The names of the lines mostly have no heading: a screen reader needs a name for its button.
  function nameHeadings(table) {
    for (const heading of [...table.tHead.rows].at(-1).cells) {
      if (heading.textContent.trim()) continue;
      const name = document.createElement("span");
      name.className = "visually-hidden";
      name.textContent = "line";
      heading.append(name);
    }
  }

  // A column of names or of words begins at the left, with its heading and its short words.
  function alignWords(table) {
    const rows = [...table.tBodies[0].rows];
    [...[...table.tHead.rows].at(-1).cells].forEach((heading, column) => {
      const cells = rows.map((row) => row.cells[column]);
      if (!cells.some((cell) => cell.matches("th, .words, .of-choice"))) return;
      for (const cell of [heading, ...cells]) cell.classList.add("of-words");
    });
  }

  // Whatever changes the size of a table is done before the page is seen.
  function prepare(table) {
    joinHeadings(table);
    nameHeadings(table);
    repeatSpans(table);
    table.classList.add("to-sort");
    const rows = [...table.tBodies[0].rows];
    if (table.matches(".sortable") || rows.length >= FILTERED) {
      table.classList.add("to-filter");
      for (const heading of [...table.tHead.querySelectorAll("th")].filter(hasChoice)) {
        heading.classList.add("with-choice");
        for (const row of rows) row.cells[heading.cellIndex].classList.add("of-choice");
      }
    }
    alignWords(table);
  }

  function canBeSorted(table) {
    const rows = table.tBodies[0]?.rows.length ?? 0;
    return table.matches(".sortable") || (table.tHead && rows >= SORTED && !table.closest(".claim"));
  }

  // A link to a claim unfolds it.
  function unfold() {
    if (location.hash) document.querySelector(`details${location.hash}`)?.setAttribute("open", "");
  }

  document.addEventListener("DOMContentLoaded", () => {
    window.addEventListener("hashchange", unfold);
    unfold();
    const tables = [...document.querySelectorAll(".cell_output table")].filter(canBeSorted);
    if (!tables.length) return;
    tables.forEach(prepare);
    const library = document.createElement("script");
    library.src = new URL("datatables/dataTables.min.js", here);
    library.addEventListener("load", () => {
      Object.assign(DataTable.ext.type.order, {
        "first-number-asc": numbersBy(1),
        "first-number-desc": numbersBy(-1),
        "words-asc": wordsBy(1),
        "words-desc": wordsBy(-1),
      });
      // a choice is compared with a cell's text, not with its markup
      Object.assign(DataTable.ext.type.search, { "first-number": textOf, words: textOf });
      tables.forEach(enhance);
    });
    document.head.append(library);
  });
}
