"""The token endpoint: bearer tokens for signed JWTs and for refresh tokens. Signatures are not checked."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from typing import Any
from urllib.parse import parse_qs

import orjson

from sync.sandbox.google.errors import Json
from sync.sandbox.google.world import ACCOUNT, GoogleWorld, Token

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST_S = 3600
SKEW_S = 300
BAD_TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


def give_token(world: GoogleWorld, body: bytes) -> tuple[int, Json]:
    """Answer a grant with status and JSON."""
    form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    grant = form.get("grant_type")
    if grant == JWT_GRANT:
        claims = _claims(form.get("assertion", ""))
        if claims is None:
            return _refused("Invalid JWT Signature.")
        if not _in_time(claims):
            return _refused(BAD_TIMES)
        email, scopes = str(claims.get("sub") or claims["iss"]), str(claims.get("scope", ""))
    elif grant == "refresh_token" and form.get("refresh_token"):
        email, scopes = ACCOUNT, form.get("scope", "")
    else:
        return 400, {"error": "unsupported_grant_type", "error_description": f"Invalid grant_type: {grant or ''}"}
    token = "ya29.sandbox-" + secrets.token_urlsafe(24)
    ends_at = time.monotonic() + world.token_lifetime_s
    world.tokens[token] = Token(email, frozenset(scopes.split()), ends_at)
    return 200, {"access_token": token, "expires_in": world.token_lifetime_s, "token_type": "Bearer"}


def _refused(why: str) -> tuple[int, Json]:
    return 400, {"error": "invalid_grant", "error_description": why}


def _claims(assertion: str) -> dict[str, Any] | None:
    """Return what a JWT claims; None when it is none or does not say who signed."""
    parts = assertion.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) and claims.get("iss") else None


def _in_time(claims: dict[str, Any]) -> bool:
    """Tell whether a JWT is current, as far as it says when it was made and when it ends."""
    now = time.time()
    made, ends = claims.get("iat", now), claims.get("exp", now + LONGEST_S)
    if not isinstance(made, int | float) or not isinstance(ends, int | float):
        return False
    return made <= now + SKEW_S and ends > now - SKEW_S and ends - made <= LONGEST_S + SKEW_S
