// Tables of class "sortable" can be sorted and searched; columns whose heads are named here get a choice of values.
document.addEventListener("DOMContentLoaded", () => {
  const choices = ["verdict", "decided at", "paper"];
  for (const table of document.querySelectorAll("table.sortable")) {
    new DataTable(table, {
      paging: false, info: false, order: [], autoWidth: false, language: { search: "Search", searchPlaceholder: "all columns" },
      initComplete() {
        this.api().columns().every(function () {
          const head = this.header(), name = head.textContent.trim();
          if (!choices.includes(name)) return;
          const values = [...new Set(this.nodes().toArray().map((cell) => cell.textContent.trim()))].sort();
          const select = document.createElement("select");
          select.setAttribute("aria-label", `only this ${name}`);
          for (const value of ["", ...values]) select.add(new Option(value || "all", value));
          select.addEventListener("click", (event) => event.stopPropagation());
          select.addEventListener("change", () => this.search(select.value, { exact: true }).draw());
          head.append(document.createElement("br"), select);
        });
      },
    });
  }
  // A link to a claim opens it.
  const open = () => document.querySelector(`details${location.hash || ":not(*)"}`)?.setAttribute("open", "");
  window.addEventListener("hashchange", open);
  open();
});
