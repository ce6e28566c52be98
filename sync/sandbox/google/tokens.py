"""The token endpoint: bearer tokens for signed JWTs and for refresh tokens. Signatures are not checked."""

from __future__ import annotations

import base64
import binascii
import secrets
from urllib.parse import parse_qs

import orjson

from sync.sandbox.google.errors import Json
from sync.sandbox.google.world import ACCOUNT, GoogleWorld

LIFETIME_S = 3599
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def give_token(world: GoogleWorld, body: bytes) -> tuple[int, Json]:
    """Answer a grant with status and JSON."""
    form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    grant = form.get("grant_type")
    if grant == JWT_GRANT:
        email = _issuer(form.get("assertion", ""))
        if email is None:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    elif grant == "refresh_token" and form.get("refresh_token"):
        email = ACCOUNT
    else:
        return 400, {"error": "unsupported_grant_type", "error_description": f"Invalid grant_type: {grant or ''}"}
    token = "ya29.sandbox-" + secrets.token_urlsafe(24)
    world.token_owners[token] = email
    return 200, {"access_token": token, "expires_in": LIFETIME_S, "token_type": "Bearer"}


def _issuer(assertion: str) -> str | None:
    """Return who signed: the account itself, or the one it acts for."""
    parts = assertion.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return str(claims.get("sub") or claims["iss"])
    except (binascii.Error, ValueError, KeyError):
        return None
