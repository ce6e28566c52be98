"""Google's refusals, in Google's words and envelopes."""

from __future__ import annotations

from typing import Any

import orjson

Json = dict[str, Any]
"""An object of a request or an answer."""

MAX_CELL_CHARACTERS = 50_000
STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
PROTECTED = (
    "You are trying to edit a protected cell or object. "
    "Please contact the spreadsheet owner to remove protection if you need to edit."
)
TOO_LONG = f"Your input contains more than the maximum of {MAX_CELL_CHARACTERS} characters in a single cell."
NO_FIELDS = "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)"
BAD_TOKEN = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class GoogleError(Exception):
    """A request that Google refuses. `message` has no prefix yet; batches put theirs in front."""

    def __init__(self, code: int, message: str, *, details: list[Json] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def prefixed(self, prefix: str) -> GoogleError:
        """Return the same refusal with the place in the batch in front of the text."""
        return type(self)(self.code, f"{prefix}: {self.message}", details=self.details)

    def body(self) -> Json:
        """Return the error envelope of the Sheets API."""
        error: Json = {"code": self.code, "message": self.message, "status": STATUS_NAMES.get(self.code, "UNKNOWN")}
        if self.details:
            error["details"] = self.details
        return {"error": error}


class DriveError(GoogleError):
    """A refusal of the Drive API, which still uses the older envelope."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        details: list[Json] | None = None,
        reason: str = "invalid",
        location: str | None = None,
    ) -> None:
        super().__init__(code, message, details=details)
        self.reason = reason
        self.location = location

    def body(self) -> Json:
        """Return the older envelope, with `errors` inside."""
        domain = "usageLimits" if self.reason == "storageQuotaExceeded" else "global"
        entry: Json = {"domain": domain, "reason": self.reason, "message": self.message}
        if self.location:
            entry |= {"locationType": "parameter", "location": self.location}
        return {"error": {"errors": [entry], "code": self.code, "message": self.message}}


def invalid(message: str) -> GoogleError:
    """Return a 400 with this text."""
    return GoogleError(400, message)


def bad_field(field: str, message: str) -> GoogleError:
    """Return the 400 of a body that does not fit the schema, which names the field in its details."""
    return schema_error([(field, message)])


def schema_error(violations: list[tuple[str, str]]) -> GoogleError:
    """Return one 400 for all that is wrong with a body: (path, text) of each."""
    named = [{"field": field, "description": text} if field else {"description": text} for field, text in violations]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": named}
    return GoogleError(400, "\n".join(text for _, text in violations), details=[detail])


def not_found() -> GoogleError:
    """Return the 404 of an id that does not exist."""
    return GoogleError(404, "Requested entity was not found.")


def forbidden() -> GoogleError:
    """Return the 403 of a spreadsheet that was not shared with the caller."""
    return GoogleError(403, "The caller does not have permission")


def file_not_found(file_id: str) -> DriveError:
    """Return Drive's 404."""
    return DriveError(404, f"File not found: {file_id}.", reason="notFound", location="fileId")


def as_drive(error: GoogleError) -> GoogleError:
    """Turn a refusal into Drive's envelope."""
    if isinstance(error, DriveError):
        return error
    reason = {401: "authError", 403: "forbidden", 404: "notFound"}.get(error.code, "badRequest")
    return DriveError(error.code, "Invalid Credentials" if error.code == 401 else error.message, reason=reason)


def no_storage() -> DriveError:
    """Return Drive's 403 of a service account that would own a file."""
    return DriveError(403, "The user's Drive storage quota has been exceeded.", reason="storageQuotaExceeded")


def over_quota(kind: str, limit: int, *, whose: str = "user", project: str = "123456789") -> GoogleError:
    """Return the 429 of `kind` ("read" or "write"), of a user or a project, with the body that Google sends."""
    title = kind.capitalize()
    per_user = whose == "user"
    metadata = {
        "service": "sheets.googleapis.com",
        "consumer": f"projects/{project}",
        "quota_metric": f"sheets.googleapis.com/{kind}_requests",
        "quota_limit": f"{title}RequestsPerMinutePer{'User' if per_user else 'Project'}",
        "quota_limit_value": str(limit),
        "quota_location": "global",
        "quota_unit": "1/min/{project}/{user}" if per_user else "1/min/{project}",
    }
    reason = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": metadata,
    }
    link = {
        "description": "Request a higher quota limit.",
        "url": "https://cloud.google.com/docs/quota#requesting_higher_quota",
    }
    text = (
        f"Quota exceeded for quota metric '{title} requests' and limit '{title} requests per minute"
        f"{' per user' if per_user else ''}' of service 'sheets.googleapis.com' "
        f"for consumer 'project_number:{project}'."
    )
    return GoogleError(429, text, details=[reason, {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]}])


def proto_text(value: Any, indent: str = "") -> str:
    """Write a JSON value as the text form of a protocol buffer, in which Google quotes what it refuses."""
    if isinstance(value, list):
        inner = "".join(f"{indent}  values {{\n{proto_text(item, indent + '    ')}{indent}  }}\n" for item in value)
        return f"{indent}list_value {{\n{inner}{indent}}}\n"
    if isinstance(value, dict):
        deeper = indent + "    "
        inner = "".join(
            f"{indent}  fields {{\n{deeper}key: {orjson.dumps(name).decode()}\n"
            f"{deeper}value {{\n{proto_text(item, deeper + '  ')}{deeper}}}\n{indent}  }}\n"
            for name, item in value.items()
        )
        return f"{indent}struct_value {{\n{inner}{indent}}}\n"
    if isinstance(value, bool) or value is None:
        return (
            f"{indent}bool_value: {str(value).lower()}\n" if value is not None else f"{indent}null_value: NULL_VALUE\n"
        )
    if isinstance(value, str):
        return f"{indent}string_value: {orjson.dumps(value).decode()}\n"
    return f"{indent}number_value: {float(value)}\n"
