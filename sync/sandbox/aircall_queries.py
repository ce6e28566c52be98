"""What may stand in a request to Aircall: parameters of lists, searches, filters of exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request

from sync.sandbox.aircall_data import Values
from sync.sandbox.vendor import Refusal


def list_params(request: Request, allowed: Sequence[str], *, strict: bool) -> dict[str, str]:
    """Read the parameters of a list; only tags may come several times. Raises Refusal."""
    names = [name for name, _ in request.query_params.multi_items() if name != "tags[]"]
    params = dict(request.query_params)
    unknown = sorted(set(params) - set(allowed))
    if len(names) > len(set(names)) or (unknown and strict):
        raise Refusal({"error": "Bad Request", "troubleshoot": f"wrong parameters: {unknown or names}"}, status=400)
    return params


def page_number(params: Mapping[str, str], name: str, *, default: int, highest: int) -> int:
    """Read a number from 1 on. Raises Refusal."""
    text = params.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= highest:
        raise Refusal({"error": "Bad Request", "troubleshoot": f"{name} must be 1 to {highest}"}, status=400)
    return int(text)


def unix_seconds(params: Mapping[str, str], name: str) -> int | None:
    """Read an instant as the vendor wants it. Raises Refusal."""
    text = params.get(name)
    if text is not None and not text.lstrip("-").isdigit():
        raise Refusal({"error": "Bad Request", "troubleshoot": f"{name} must be UNIX seconds"}, status=400)
    return None if text is None else int(text)


SEARCH_TESTS: Mapping[str, Callable[[Values, str], bool]] = {
    "direction": lambda call, word: call["direction"] == word,
    "user_id": lambda call, word: str((call["user"] or {}).get("id")) == word,
    "phone_number": lambda call, word: call["raw_digits"] == word,
}


def passes(call: Values, filters: Mapping[str, Any]) -> bool:
    """Tell whether a call is among those that the filters ask for; filters that it knows nothing of pass all."""
    user = (call["user"] or {}).get("id")
    talk_s = call["ended_at"] - call["answered_at"] if call["answered_at"] is not None else 0
    tests: Mapping[str, Callable[[Any], bool]] = {
        "userIDs": lambda wanted: user in wanted,
        "lineIDs": lambda wanted: call["number"]["id"] in wanted,
        "callIDs": lambda wanted: call["id"] in wanted,
        "customerNumbers": lambda wanted: call["raw_digits"] in wanted,
        "tagIDs": lambda wanted: bool({tag["id"] for tag in call["tags"]} & set(wanted)),
        "withVoicemail": lambda wanted: bool(call["voicemail"]) == wanted,
        "minConnectedDuration": lambda wanted: talk_s >= wanted,
    }
    return all(tests[name](value) for name, value in filters.items() if name in tests)
