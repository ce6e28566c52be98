"use strict";
// Fetches what has changed, keeps what the reader chose, and writes times as people say them.
const LOOK_MS = 2000;
const live = document.getElementById("live");
const find = document.getElementById("find");
const only = document.getElementById("only");
const link = document.getElementById("link");
const unlock = document.getElementById("unlock");
let tag = "";
let token = "";

function said(at) {
  const seconds = Math.round((at - Date.now()) / 1000);
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
  const size = Math.abs(seconds);
  if (size < 60) return seconds <= 0 ? "just now" : "in a moment";
  if (size < 3600) return format.format(Math.trunc(seconds / 60), "minute");
  if (size < 86400) return format.format(Math.trunc(seconds / 3600), "hour");
  return format.format(Math.round((midnight(at) - midnight(new Date())) / 86400000), "day"); // as people count days
}

function midnight(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

function tellTimes() {
  for (const time of live.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    time.textContent = said(at);
    time.title = at.toLocaleString() + " (" + at.toISOString().slice(0, 16).replace("T", " ") + " UTC)";
  }
}

function choose() {
  const wanted = find.value.trim().toLowerCase();
  for (const body of live.querySelectorAll("tbody[data-sheet]")) {
    const isNamed = body.dataset.sheet.toLowerCase().includes(wanted);
    body.hidden = !isNamed || (only.checked && !["bad", "warn"].includes(body.dataset.tone));
  }
  for (const button of live.querySelectorAll("[data-run]")) button.hidden = !token;
}

function tell(text, isBad) {
  link.textContent = text;
  link.classList.toggle("bad", Boolean(isBad));
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch("/fragment", { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
      if (answer.status === 200) {
        const focused = document.activeElement && document.activeElement.dataset.run;
        live.innerHTML = await answer.text();
        tag = answer.headers.get("ETag") || "";
        if (focused) live.querySelector(`[data-run="${CSS.escape(focused)}"]`)?.focus();
      }
      if (link.dataset.lost) tell("", false);
      if (answer.ok || answer.status === 304) delete link.dataset.lost;
      else lose();
    } catch {
      lose();
    }
    tellTimes();
    choose();
  }
  setTimeout(look, LOOK_MS);
}

function lose() {
  link.dataset.lost = "yes";
  tell("No answer from the daemon; what you see may be old.", true);
}

async function run(sheet) {
  const headers = { Authorization: "Bearer " + token };
  const answer = await fetch("/run/" + encodeURIComponent(sheet), { method: "POST", headers });
  const told = await answer.json();
  tell(answer.ok ? `${sheet} runs at once.` : told.error, !answer.ok);
  if (answer.status === 401) token = "";
  choose();
}

live.addEventListener("click", (event) => {
  const button = event.target.closest("[data-run]");
  if (button) run(button.dataset.run).catch(lose);
});
find.addEventListener("input", choose);
only.addEventListener("change", choose);
if (unlock) {
  unlock.addEventListener("submit", (event) => {
    event.preventDefault();
    const input = document.getElementById("token");
    token = input.value;
    input.value = "";
    tell(token ? "Sheets can be run now." : "", false);
    choose();
  });
}
tellTimes();
choose();
setTimeout(look, LOOK_MS);
