// Finding a text in the whole tab: the browser's own search sees only the rows in view.

const field = document.getElementById("find"), answer = document.getElementById("found");

// `ask` sends a query about the tab that is open.
export function watchFind({ grid, ask }) {
  let last = 0;

  async function seek(back) {
    const mine = ++last, query = new URLSearchParams({ text: field.value, ...grid.pick, ...(back ? { back: "" } : {}) });
    if (!field.value || !grid.frame) return;
    answer.textContent = "looking …";
    const { found } = await ask(query).catch(() => ({}));
    if (mine !== last) return;
    answer.textContent = found ? "" : found === null ? "not in this tab" : "no answer";
    if (found) grid.choose(found.row, found.column, { scroll: true });
  }

  field.addEventListener("input", () => { last++; answer.textContent = ""; });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") seek(event.shiftKey);
    if (event.key === "Escape") grid.viewport.focus();
  });
  document.addEventListener("keydown", (event) => {
    // Pressed again, the key is the browser's.
    if (event.key !== "f" || !(event.ctrlKey || event.metaKey) || event.shiftKey || document.activeElement === field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}
