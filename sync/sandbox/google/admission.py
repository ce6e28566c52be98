"""Who may send a request, and how often: tokens, scopes, quotas, and who can own files."""

from __future__ import annotations

import time
import zlib

from sync.sandbox.google.access import Caller
from sync.sandbox.google.errors import BAD_TOKEN, GoogleError, no_storage
from sync.sandbox.google.quota import Share
from sync.sandbox.google.world import ACCOUNT, SERVICE_DOMAIN, GoogleWorld


def find_caller(world: GoogleWorld, token: str, service: str, kind: str) -> Caller:
    """Return the account of a request; raise 401 or 403 for a bad token, or when one is required.

    Any token that was not handed out here is taken for the usual account, unless tokens are required.
    """
    found = world.tokens.get(token)
    if found is not None:
        if time.monotonic() >= found.ends_at:
            raise GoogleError(401, BAD_TOKEN)
        if not found.allows(service, kind):
            raise GoogleError(403, "Request had insufficient authentication scopes.")
        return Caller(found.email)
    if world.require_token:
        if not token:
            raise GoogleError(403, "The request is missing a valid API key.")
        if token not in (world.accepted_tokens or ()):
            raise GoogleError(401, BAD_TOKEN)
    return Caller(ACCOUNT)


def spend(world: GoogleWorld, kind: str, token: str, caller: Caller) -> None:
    """Count a request against the quotas of its user and its project. Raises 429."""
    own, all_users = world.reads_per_minute, world.project_reads_per_minute
    if kind == "write":
        own, all_users = world.writes_per_minute, world.project_writes_per_minute
    project = project_of(caller.email)
    user = caller.email if token in world.tokens else token or caller.email
    shares = [Share("user", user, own), Share("project", project, all_users)]
    world.quota.spend(kind, shares, project=project, enforce=world.enforce_quota)


def expire_tokens(world: GoogleWorld) -> int:
    """End every token that was handed out; return how many."""
    with world.lock:
        for token in world.tokens.values():
            token.ends_at = 0.0
        return len(world.tokens)


def check_storage(world: GoogleWorld, caller: Caller) -> None:
    """Refuse a file that a service account would own, when these have no storage."""
    if not world.service_accounts_own_files and caller.email.endswith(SERVICE_DOMAIN):
        raise no_storage()


def project_of(email: str) -> str:
    """Return the number of the project that an account's requests count for."""
    if not email.endswith(".iam" + SERVICE_DOMAIN) or email == ACCOUNT:
        return "123456789"
    return str(zlib.crc32(email.partition("@")[2].encode()))
