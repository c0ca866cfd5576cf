// Tables of class "sortable" can be sorted and searched. Columns with one of these headings also get
// a choice of their values.
document.addEventListener("DOMContentLoaded", () => {
  const choices = ["verdict", "kind", "decided at", "paper"];

  function addChoice(column) {
    const heading = column.header();
    const name = heading.textContent.trim();
    if (!choices.includes(name)) return;
    const values = column.nodes().toArray().map((cell) => cell.textContent.trim());
    const select = document.createElement("select");
    select.setAttribute("aria-label", `only this ${name}`);
    select.add(new Option("all", ""));
    for (const value of [...new Set(values)].sort()) {
      if (value) select.add(new Option(value, value));
    }
    // a click on the choice must not sort the column
    select.addEventListener("click", (event) => event.stopPropagation());
    select.addEventListener("change", () => column.search(select.value, { exact: true }).draw());
    heading.append(document.createElement("br"), select);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    new DataTable(table, {
      paging: false,
      info: false,
      order: [],
      autoWidth: false,
      language: { search: "Search", searchPlaceholder: "all columns" },
      initComplete() {
        this.api().columns().every(function () {
          addChoice(this);
        });
      },
    });
  }

  // A link to a claim unfolds it.
  function unfold() {
    if (location.hash) document.querySelector(`details${location.hash}`)?.setAttribute("open", "");
  }
  window.addEventListener("hashchange", unfold);
  unfold();
});
