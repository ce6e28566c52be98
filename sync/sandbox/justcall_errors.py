"""How JustCall refuses: its error bodies, and its usual words for each status."""

from __future__ import annotations

from collections.abc import Mapping

from sync.sandbox.vendor import Refusal

MESSAGES: Mapping[int, tuple[str, str]] = {
    400: ("Bad request.", "BAD_REQUEST"),
    401: ("Invalid API key or secret.", ""),
    403: ("Your plan does not include API access.", "FORBIDDEN"),
    404: ("Resource not found.", "NOT_FOUND"),
    422: ("Unprocessable request.", "INVALID_VALUE"),
    429: ("Rate limit exceeded.", "RATE_LIMIT_EXCEEDED"),
    500: ("Internal server error.", "INTERNAL_ERROR"),
    502: ("Bad gateway.", "BAD_GATEWAY"),
    503: ("Service unavailable.", "SERVICE_UNAVAILABLE"),
}


def error_body(message: str, code: str = "") -> dict[str, str]:
    """Make the vendor's error body; the refusal of a key carries no code."""
    return {"status": "error", "message": message} | ({"error_code": code} if code else {})


def refusal(status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None) -> Refusal:
    """Refuse in the vendor's form."""
    return Refusal(error_body(message, code), status=status, headers=headers)


def usual_error(status: int, message: str) -> dict[str, str]:
    """Make the error body of a status, with its usual words where no message is given."""
    usual, code = MESSAGES.get(status, ("Request failed.", "ERROR"))
    return error_body(message or usual, code)


def live_error_body(status: int, message: str) -> dict[str, str]:
    """Make the error body of v2.1; a refused key is told in a form of its own."""
    if status == 401:
        return {"status": "failed", "message": message or "Unauthorized"}
    words = message or MESSAGES.get(status, ("Request failed.", ""))[0]
    return {"status": "error", "message": words, "error": words}
