"""The figures as tables."""

from typing import Any

MILLION = 1_000_000


def render(found: dict[str, Any]) -> str:
    parts = [_rates(found), _look_ups(found), _stored(found), _wal(found)]
    return "\n\n".join(parts + ([_archive(found["archive"])] if found["archive"] else []))


def ratio(stop: dict[str, Any], kind: str) -> float:
    """The grown ledger's rate over the small one's, measured in the same minutes."""
    value: float = stop["sides"]["grown"][kind] / stop["sides"]["control"][kind]
    return value


def _rates(found: dict[str, Any]) -> str:
    head = (
        "| invoices | bulk /s | of the small one's | 512 callers /s | of the small one's "
        "| 64 callers p50, p99 ms | log behind s | PostgreSQL MB |"
    )
    rows = [head, _rule(head)]
    for stop in found["stops"]:
        grown = stop["sides"]["grown"]
        latency = grown["latency_ms"]
        rows.append(
            f"| {_size(stop)} | {grown['bulk']:,.0f} | {ratio(stop, 'bulk'):.2f} "
            f"| {grown['single']:,.0f} | {ratio(stop, 'single'):.2f} "
            f"| {latency['p50_ms']:.1f}, {latency['p99_ms']:.1f} | {stop['lag_s']:.1f} "
            f"| {stop['postgres_mb']:,.0f} |"
        )
    return "\n".join(rows)


def _look_ups(found: dict[str, Any]) -> str:
    kinds = list(found["stops"][-1]["look_ups"])
    head = "| look-up, p50 / p99 ms | " + " | ".join(kinds) + " |"
    rows = [head, _rule(head)]
    for stop in found["stops"]:
        told = stop["look_ups"]
        cells = [
            f"{told[k]['p50_ms']:.2f} / {told[k]['p99_ms']:.2f}" if told else "" for k in kinds
        ]
        rows.append(f"| {_size(stop)} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _stored(found: dict[str, Any]) -> str:
    """Bytes an invoice at the last stop, by table."""
    stop, received = found["stops"][-1], found["received_bytes"]
    count = stop["issued"]
    head = "| bytes an invoice | all | of it indexes |"
    rows = [head, _rule(head)]
    for family, sizes in sorted(stop["tables"].items(), key=lambda one: -one[1]["bytes"]):
        rows.append(
            f"| {family} | {sizes['bytes'] / count:.1f} | {sizes['index_bytes'] / count:.1f} |"
        )
    tables = sum(sizes["bytes"] for sizes in stop["tables"].values())
    total = (tables + stop["tiles_bytes"]) / count
    rows.append(f"| public log | {stop['tiles_bytes'] / count:.1f} | |")
    rows.append(f"| in all | {total:.0f} | {total / received:.2f} of the {received:.0f} received |")
    return "\n".join(rows)


def _wal(found: dict[str, Any]) -> str:
    head = "| filled up to | /s | WAL bytes an invoice | full pages | records | checkpoints |"
    rows = [head, _rule(head)]
    rows += [
        f"| {_size(stop)} | {stop['fill_per_s']:,.0f} | {wal['wal_bytes']:.0f} "
        f"| {wal['wal_fpi']:.3f} | {wal['wal_records']:.2f} | {stop['checkpoints']} |"
        for stop in found["stops"]
        if (wal := stop.get("wal"))
    ]
    return "\n".join(rows)


def _archive(archive: dict[str, Any]) -> str:
    head = "| one by one, {:,} a second | p50 ms | p99 ms | p99.9 ms | longest ms | seconds |"
    head = head.format(archive["offered_per_s"])
    rows = [head, _rule(head)]
    for name in ("quiet", "archiving"):
        told = archive[name]
        cells = [f"{told[k]:.1f}" for k in ("p50_ms", "p99_ms", "p999_ms", "max_ms", "seconds")]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    dropped = [step for step in archive["steps"] if step["what"] == "proved"]
    invoices = sum(step["invoices"] for step in dropped)
    before, after = (sizes["bytes"] for sizes in archive["batch_bytes"])
    files = sum(step["bytes"] for step in dropped)
    rows.append(
        f"\n{invoices:,} invoices archived: the table went from {before / 1e6:,.0f} MB to "
        f"{after / 1e6:,.0f} MB, the files hold {files / 1e6:,.0f} MB."
    )
    return "\n".join(rows)


def _rule(head: str) -> str:
    return "|---" * (head.count("|") - 1) + "|"


def _size(stop: dict[str, Any]) -> str:
    return f"{stop['invoices'] / MILLION:.1f} M"
