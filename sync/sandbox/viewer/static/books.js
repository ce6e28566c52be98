// Keeps the list of spreadsheets up to date.
"use strict";

const list = document.getElementById("books");
const none = document.getElementById("none");

function card(book) {
  const item = document.createElement("li");
  const link = item.appendChild(document.createElement("a"));
  link.href = "/view/" + encodeURIComponent(book.id);
  link.appendChild(document.createElement("b")).textContent = book.title;
  const id = link.appendChild(document.createElement("span"));
  id.className = "quiet";
  id.textContent = book.id;
  return item;
}

let shown = "";
async function refresh() {
  try {
    const text = await (await fetch("/viewer/books")).text();
    if (text !== shown) {
      const books = JSON.parse(text);
      list.replaceChildren(...books.map(card));
      none.hidden = books.length > 0;
      shown = text;
    }
  } catch {
    // The sandbox was stopped; it may come back.
  }
  setTimeout(refresh, 2000);
}
refresh();
