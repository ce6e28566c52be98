// Keeps the list of spreadsheets up to date.

import { watchTheme } from "./theme.js";

const list = document.getElementById("books"), none = document.getElementById("none"), state = document.getElementById("state");

function ago(instant) {
  const seconds = Math.max(0, (Date.now() - Date.parse(instant)) / 1000);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h ago` : new Date(instant).toISOString().slice(0, 10);
}

function card(book) {
  const item = document.createElement("li"), link = item.appendChild(document.createElement("a"));
  link.href = "/view/" + encodeURIComponent(book.id);
  link.appendChild(document.createElement("b")).textContent = book.title;
  const size = link.appendChild(document.createElement("span"));
  size.textContent = `${book.n_tabs.toLocaleString("en")} ${book.n_tabs === 1 ? "tab" : "tabs"} · ${book.n_cells.toLocaleString("en")} cells`;
  const changed = link.appendChild(document.createElement("span"));
  changed.className = "quiet";
  changed.textContent = "changed " + ago(book.modified);
  const id = link.appendChild(document.createElement("span"));
  id.className = "quiet id";
  id.textContent = book.id;
  return item;
}

let shown = "";
async function refresh() {
  if (!document.hidden) {
    try {
      const books = await (await fetch("/viewer/books")).json(), text = JSON.stringify(books) + Math.floor(Date.now() / 30_000);
      if (text !== shown) {
        const focused = document.activeElement?.getAttribute?.("href");
        list.replaceChildren(...books.map(card));
        if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
        none.hidden = books.length > 0;
        shown = text;
      }
      state.textContent = "";
    } catch {
      state.textContent = "The sandbox does not answer; trying again.";
    }
  }
  setTimeout(refresh, 2000);
}

document.getElementById("new").onclick = async () => {
  try {
    const reply = await fetch("/admin/google/spreadsheets", { method: "POST", body: "{}" });
    if (!reply.ok) throw new Error(String(reply.status));
    location.href = (await reply.json()).view;
  } catch {
    state.textContent = "No spreadsheet could be made.";
  }
};

watchTheme(document.getElementById("theme"));
refresh();
