"""Budgets: exact over processes and threads, in order, several buckets at once, on hold."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest
from sqlalchemy import func, select

from sync import clock
from sync.store.budget import Budget, Limit
from sync.store.db import Store
from sync.store.tables import reservations
from tests.store_fixtures import at
from tests.store_processes import SPREAD, results_of, start


@pytest.fixture
def budget(store: Store) -> Budget:
    return Budget(store)


@pytest.fixture
def stopped_clock() -> Iterator[list[datetime]]:
    """Yield a list whose last instant is now."""
    instants = [at(0)]
    clock.set_now(lambda: instants[-1])
    yield instants
    clock.set_now(None)


def most_in_a_window(instants: Sequence[float], window_s: float) -> int:
    ordered = sorted(instants)
    return max(sum(first <= later < first + window_s for later in ordered[i:]) for i, first in enumerate(ordered))


def seconds(instants: Sequence[datetime]) -> list[float]:
    return [(instant - at(0)).total_seconds() for instant in instants]


def test_no_window_holds_more_than_its_limit_with_several_processes(store: Store, store_url: str) -> None:
    answers = results_of([start("reserve", store_url, 40) for _ in range(3)])
    instants = [float(line) for lines in answers for line in lines]
    assert len(instants) == 120
    for n, window_s in SPREAD:
        assert most_in_a_window(instants, window_s) <= n
    for lines in answers:  # who asks later goes later
        assert [float(line) for line in lines] == sorted(float(line) for line in lines)


def test_no_window_holds_more_than_its_limit_with_several_threads(budget: Budget) -> None:
    given: list[datetime] = []

    def ask() -> None:
        given.extend(budget.reserve([Limit("a", 7, 1.0), Limit("b", 9, 2.0)]) for _ in range(15))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 60
    assert most_in_a_window(seconds(given), 1.0) <= 7
    assert most_in_a_window(seconds(given), 2.0) <= 9


def test_requests_go_at_once_until_the_window_is_full_then_wait_with_a_margin(
    budget: Budget, stopped_clock: list[datetime]
) -> None:
    given = seconds([budget.reserve([Limit("a", 3, 60)]) for _ in range(7)])
    assert given == [0, 0, 0, 61, 61, 61, 122]
    stopped_clock.append(at(500))
    assert seconds([budget.reserve([Limit("a", 3, 60)])]) == [500]


def test_several_limits_of_one_bucket_count_one_request(budget: Budget, stopped_clock: list[datetime]) -> None:
    both = [Limit("a", 1, 6), Limit("a", 3, 60)]
    assert seconds([budget.reserve(both) for _ in range(4)]) == [0, 6.1, 12.2, 61]
    assert budget.usage("a", 60) == 4


def test_slot_is_taken_in_every_bucket_or_in_none(budget: Budget, stopped_clock: list[datetime]) -> None:
    one, two = Limit("one", 1, 60), Limit("two", 2, 60)
    assert seconds([budget.reserve([one, two]) for _ in range(2)]) == [0, 61]
    assert (budget.usage("one", 60), budget.usage("two", 60)) == (2, 2)


def test_wait_for_one_bucket_does_not_keep_others_waiting_in_a_shared_one(
    budget: Budget, stopped_clock: list[datetime]
) -> None:
    shared, busy, free = Limit("account", 60, 60), Limit("busy", 1, 1), Limit("free", 1, 1)
    budget.hold("busy", at(300))
    assert seconds([budget.reserve([shared, busy])]) == [300]
    assert seconds([budget.reserve([shared, free])]) == [0]


def test_gap_before_a_later_reservation_is_used_only_as_far_as_it_goes(
    budget: Budget, stopped_clock: list[datetime]
) -> None:
    limit = Limit("a", 2, 60)
    budget.hold("held", at(70))
    assert seconds([budget.reserve([limit, Limit("held", 9, 60)])]) == [70]
    given = seconds([budget.reserve([limit]) for _ in range(4)])
    assert most_in_a_window([70, *given], 60) <= 2
    assert given[:2] == [0, 0]


def test_hold_keeps_everyone_waiting_and_a_shorter_one_does_not_end_it(
    budget: Budget, store: Store, stopped_clock: list[datetime]
) -> None:
    assert budget.held_until("a") is None
    budget.hold("a", at(30))
    budget.hold("a", at(10))
    assert Budget(store).held_until("a") == at(30)
    assert seconds([Budget(store).reserve([Limit("a", 5, 60)])]) == [30]
    stopped_clock.append(at(31))
    assert budget.held_until("a") is None
    assert seconds([budget.reserve([Limit("a", 5, 60)])]) == [31]


def test_usage_counts_what_was_given_out_for_later_too(budget: Budget, stopped_clock: list[datetime]) -> None:
    for _ in range(3):
        budget.reserve([Limit("a", 2, 60)])
    assert budget.usage("a", 60) == 3
    stopped_clock.append(at(100))
    assert budget.usage("a", 60) == 1
    assert budget.usage("unheard of", 60) == 0


def test_old_reservations_are_removed(budget: Budget, store: Store, stopped_clock: list[datetime]) -> None:
    for i in range(200):
        stopped_clock.append(at(i * 10))
        budget.reserve([Limit("a", 60, 60)])
    with store.read() as connection:
        n_kept = connection.execute(select(func.count()).select_from(reservations)).scalar_one()
    assert n_kept < 60


def test_longer_window_is_remembered_when_a_shorter_one_prunes(budget: Budget, stopped_clock: list[datetime]) -> None:
    day = Limit("a", 40, 86_400)
    for i in range(40):
        stopped_clock.append(at(i * 10))
        budget.reserve([day])
    for i in range(40, 110):
        stopped_clock.append(at(i * 10))
        budget.reserve([Limit("a", 60, 60)])
    assert budget.reserve([day]) > at(86_400)


def test_clock_set_back_never_overfills_a_window(budget: Budget, stopped_clock: list[datetime]) -> None:
    given = [budget.reserve([Limit("a", 2, 60)]) for _ in range(2)]
    stopped_clock.append(at(-30))
    given += [budget.reserve([Limit("a", 2, 60)]) for _ in range(3)]
    assert most_in_a_window(seconds(given), 60) <= 2


def test_large_limit_makes_nobody_wait(budget: Budget) -> None:
    asked_at = clock.now()
    given = [budget.reserve([Limit("a", 10**9, 60)]) for _ in range(100)]
    assert all(asked_at <= at <= clock.now() for at in given)


@pytest.mark.parametrize(("n", "window_s"), [(0, 60), (1, 0), (-1, 60)])
def test_limit_that_allows_nothing_is_refused(n: int, window_s: float) -> None:
    with pytest.raises(ValueError, match="a limit needs"):
        Limit("a", n, window_s)
