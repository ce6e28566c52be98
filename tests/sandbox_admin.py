"""What tests do at the sandbox's admin address, and how they look into a tab as Google shows it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx


class Admin:
    """A thin client of the sandbox. Every method raises for an answer that is not 200."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=False)  # no TLS on this machine

    def __enter__(self) -> Admin:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        reply = self.http.request(method, path, json=body)
        assert reply.status_code == 200, f"{method} {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def fault(self, **fault: Any) -> int:
        """Set a dial, such as `fault(service="google", kind="write", nth=2, do="cut_after")`."""
        return int(self._ask("POST", "/admin/faults", fault)["id"])

    def faults(self) -> list[dict[str, Any]]:
        return list(self._ask("GET", "/admin/faults"))

    def clear_faults(self) -> None:
        self._ask("DELETE", "/admin/faults")

    def release(self) -> int:
        """Let held requests be carried out; returns how many there were."""
        return int(self._ask("POST", "/admin/faults/release")["n_released"])

    def log(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return the requests whose parts equal `wanted`, such as `log(service="google", kind="write")`."""
        entries = self._ask("GET", "/admin/log")
        return [entry for entry in entries if all(entry[name] == value for name, value in wanted.items())]

    def clear_log(self) -> None:
        self._ask("DELETE", "/admin/log")

    def options(self, **changes: Any) -> dict[str, Any]:
        """Change options, such as `options(justcall={"requests_per_minute": 5})`, and return all."""
        return dict(self._ask("PATCH" if changes else "GET", "/admin/options", changes or None))

    def make_spreadsheet(self, title: str = "Book", **wanted: Any) -> str:
        """Make a spreadsheet as a person does, shared with everybody unless `access` says otherwise; returns its id."""
        return str(self._ask("POST", "/admin/google/spreadsheets", {"title": title, **wanted})["id"])

    def spreadsheets(self) -> list[dict[str, Any]]:
        return list(self._ask("GET", "/admin/google/spreadsheets"))

    def edit(self, spreadsheet_id: str, *, requests: list[Any] | None = None, values: list[Any] | None = None) -> Any:
        """Edit as a person does: batchUpdate requests first, then values ({"range", "values", "input"?})."""
        body = {"requests": requests or [], "values": values or []}
        return self._ask("POST", f"/admin/google/spreadsheets/{spreadsheet_id}/edit", body)

    def calls(self) -> list[dict[str, Any]]:
        """Return every call as the vendor has it now, newest first."""
        return list(self._ask("GET", "/admin/justcall/calls"))

    def truth(self, vendor: str, kind: str) -> list[dict[str, Any]]:
        """Return every record of a kind as the vendor has it now, in its own form."""
        return list(self._ask("GET", f"/admin/{vendor}/{kind}"))

    def arrive_at(self, vendor: str, n: int = 1, *, kind: str = "calls") -> list[dict[str, Any]]:
        return list(self._ask("POST", f"/admin/{vendor}/arrive", {"n": n, "kind": kind}))

    def edit_at(self, vendor: str, n: int = 1, **wanted: Any) -> list[dict[str, Any]]:
        """Edit `n` records of a `kind`, or those of `ids`, as people do or to the values of `fields`."""
        return list(self._ask("POST", f"/admin/{vendor}/edit", {"n": n, **wanted}))

    def arrive(self, n: int = 1) -> list[dict[str, Any]]:
        return list(self._ask("POST", "/admin/justcall/arrive", {"n": n}))

    def edit_calls(self, n: int = 1, **wanted: Any) -> list[dict[str, Any]]:
        """Edit `n` calls, or those of `call_ids`, as people do or to the values of `fields`."""
        return list(self._ask("POST", "/admin/justcall/edit", {"n": n, **wanted}))

    def reset(self) -> None:
        """Back to the first moment: calls, spreadsheets, options, dials and log."""
        self._ask("POST", "/admin/reset")

    def book(self, spreadsheet_id: str, fields: str = "sheets") -> list[dict[str, Any]]:
        """Return the tabs of a spreadsheet. This is a read request like any other and in the log."""
        headers = {"Authorization": "Bearer test"}
        answer = self.http.get(f"/v4/spreadsheets/{spreadsheet_id}", params={"fields": fields}, headers=headers)
        found: list[dict[str, Any]] = answer.json()["sheets"]
        return found

    def tab_values(self, spreadsheet_id: str, title: str) -> list[list[Any]]:
        """Return the unformatted values of a tab. This is a read request like any other and in the log."""
        name = "'" + title.replace("'", "''") + "'"
        reply = self.http.get(
            f"/v4/spreadsheets/{spreadsheet_id}/values/{quote(name, safe='')}",
            params={"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "SERIAL_NUMBER"},
            headers={"Authorization": "Bearer test"},
        )
        assert reply.status_code == 200, reply.text[:500]
        return list(reply.json().get("values", []))
