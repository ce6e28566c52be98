"""Made-up text messages: the same calls give the same messages. Pure but for the book that holds them.

After every third call somebody writes to the customer, or the customer to us, some minutes later. How far a message
came is known late, and people delete some: that is what an edit changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from sync.sandbox.awkward import AWKWARD_NOTES
from sync.sandbox.calls import AGENTS, NUMBERS, Call, CallOptions, instant_text, make_calls

Text = dict[str, Any]
"""One message: our own names, which every dialect writes in its way."""

BODIES = (
    "Thanks for calling! Your order 58213 is on its way.",
    "Can you call me back after 3 pm?",
    "Your appointment is confirmed for tomorrow.",
    "Please send the invoice again",
    "Got it, thank you",
    "STOP",
)
OUT_STATUSES = ("delivered", "sent", "failed", "undelivered", "queued")
_EVERY = 3


@lru_cache(maxsize=8)
def make_texts(options: CallOptions) -> tuple[Text, ...]:
    """Make the messages that follow the calls of a window, oldest first; `options` must be pinned."""
    assert options.until is not None
    last = instant_text(options.until)
    made = [_after(call, options.seed) for n, call in enumerate(make_calls(options)) if n % _EVERY == 0]
    return tuple(sorted((text for text in made if text["sent_at"] <= last), key=_age))


def _age(text: Text) -> tuple[str, str]:
    return text["sent_at"], text["message_id"]


def _after(call: Call, seed: int) -> Text:
    rng = Random(f"{seed}:text:{call['call_id']}")
    at = datetime.fromisoformat(call["ended_at"]) + timedelta(seconds=60 + int(rng.random() * 1200))
    customer, line = (call["from"], call["to"]) if call["direction"] == "inbound" else (call["to"], call["from"])
    return _draw(rng, at, customer, line, agent=(call["agent_id"], call["agent_name"]))


def _draw(rng: Random, at: datetime, customer: str, line: str, *, agent: tuple[int | None, str | None]) -> Text:
    is_out = rng.random() < 0.6
    body = rng.choice(AWKWARD_NOTES) if rng.random() < 0.15 else rng.choice(BODIES)
    media = [f"https://media.example.com/{rng.getrandbits(32):08x}.jpg"] if rng.random() < 0.08 else []
    return {
        "message_id": f"sms_{rng.getrandbits(52):013x}",
        "sent_at": instant_text(at),
        "direction": "outbound" if is_out else "inbound",
        "customer": customer,
        "line": line,
        "agent_id": agent[0] if is_out else None,
        "agent_name": agent[1] if is_out else None,
        "contact_name": rng.choice(("Dana Whitfield", "O'Brien & Sons", None)),
        "status": rng.choices(OUT_STATUSES, (70, 15, 5, 5, 5))[0] if is_out else "received",
        "body": body,
        "media_urls": media,
        "is_deleted": False,
    }


class TextBook:
    """Every message of one account, in memory."""

    def __init__(self, options: CallOptions) -> None:
        self._options = options
        self.reset()

    def reset(self) -> None:
        """Go back to the messages of the first moment."""
        self._pinned = self._options.pinned()
        self._texts = list(make_texts(self._pinned))
        self._n_arrived = self._n_edits = 0

    def all(self) -> list[Text]:
        """Return every message, newest first."""
        return self._texts[::-1]

    def between(self, start: str, end: str) -> list[Text]:
        """Return the messages of a stretch, its end excluded, newest first; "" is no bound."""
        return [t for t in self.all() if (not start or t["sent_at"] >= start) and (not end or t["sent_at"] < end)]

    def arrive(self, n: int) -> list[Text]:
        """Let `n` messages come now; with a fixed end of the window, one second after the other from there."""
        assert self._pinned.until is not None
        made = []
        for k in range(n):
            self._n_arrived += 1
            rng = Random(f"{self._pinned.seed}:text arrival:{self._n_arrived}")
            at = self._pinned.until + timedelta(seconds=self._n_arrived)
            if self._options.until is None:
                at = datetime.now(UTC) - timedelta(seconds=n - 1 - k)
            customer = f"+1212555{int(rng.random() * 10_000):04d}"
            made.append(_draw(rng, at, customer, rng.choice(NUMBERS), agent=rng.choice(AGENTS)))
        self._texts = sorted([*self._texts, *made], key=_age)
        return made

    def edit(self, n: int, *, ids: Sequence[str] = (), fields: Mapping[str, Any] | None = None) -> list[Text]:
        """Change these messages, or the newest `n`; to `fields`, else to another status. Raises KeyError."""
        positions = {text["message_id"]: at for at, text in enumerate(self._texts)}
        chosen = [positions[i] for i in ids] if ids else list(range(max(0, len(self._texts) - n), len(self._texts)))
        changed = []
        for at in chosen:
            self._n_edits += 1
            usual = {"status": f"{OUT_STATUSES[self._n_edits % 4]}", "is_deleted": self._n_edits % 7 == 0}
            text = {**self._texts[at], **(fields or usual)}
            self._texts[at] = text
            changed.append(text)
        return changed
