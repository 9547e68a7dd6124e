"""What was measured, for people: a row for each side, and how it stands to ours on the same store."""

from benchmarks.peers.comparison import Outcome
from benchmarks.peers.model import MEANING, PHASES, Cost
from benchmarks.peers.ours import Sandboxed

WIDTH = 28


def show(outcomes: list[Outcome], records: int) -> None:
    """Print rates, processor time, memory and ratios, store by store, then what each side does."""
    for store in ("PostgreSQL", "SQLite"):
        here = [outcome for outcome in outcomes if outcome.side.store == store]
        if here:
            _store(store, here, records)
    print("\nwhat each does with a record:")
    for outcome in {one.side.name: one for one in outcomes}.values():
        print(f"  {outcome.side.name:{WIDTH}} {outcome.side.does}")
        print(f"  {'':{WIDTH}} {outcome.versions or 'not here'}")
    for outcome in outcomes:
        if outcome.unavailable:
            print(f"SKIPPED {outcome.side.name} → {outcome.side.store}: {outcome.unavailable}")
        if outcome.wrong:
            print(f"WRONG   {outcome.side.name} → {outcome.side.store}: {outcome.wrong}")


def _store(store: str, outcomes: list[Outcome], records: int) -> None:
    whole = [one for one in outcomes if len(one.costs) == len(PHASES)]
    ours = next((one for one in whole if isinstance(one.side, Sandboxed)), None)
    heads = [f"{phase} {MEANING[phase]}" for phase in PHASES]
    print(f"\n→ {store:{WIDTH - 2}} {'':>9}{''.join(f'{head:>24}' for head in heads)}")
    print(
        f"{'':{WIDTH}} {'RSS MB':>9}"
        + f"{'rows/s':>9}{'CPU µs':>15}" * len(PHASES)
        + "   times as fast as it, A B C"
        + "   of its CPU"
    )
    for outcome in whole:
        cells = "".join(_cell(outcome.costs[phase], records) for phase in PHASES)
        rss = max(cost.rss_mb for cost in outcome.costs.values())
        print(f"{outcome.side.name:{WIDTH}} {rss:9.0f}{cells}{_ratios(ours, outcome)}")


def _cell(cost: Cost, records: int) -> str:
    each = 1e6 / records
    server = "" if cost.server_cpu_s is None else f" +{cost.server_cpu_s * each:.0f}"
    return f"{records / cost.seconds:9,.0f}{f'{cost.cpu_s * each:.1f}{server}':>15}"


def _ratios(ours: Outcome | None, other: Outcome) -> str:
    """Return how many times as fast ours is, and what share of the other's processor time it takes."""
    if ours is None or other is ours:
        return ""
    pairs = [(other.costs[phase], ours.costs[phase]) for phase in PHASES]
    rates = "".join(f"{its.seconds / own.seconds:9.1f}" for its, own in pairs)
    return rates + "   " + "".join(f"{_cpu_s(own) / _cpu_s(its):6.2f}" for its, own in pairs)


def _cpu_s(cost: Cost) -> float:
    return max(cost.cpu_s + (cost.server_cpu_s or 0), 1e-9)
