"""Where each server's processor time goes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench import flows, profiling
from bench.flows import Kind
from bench.load import Load, WrongAnswersError, run_wrk
from bench.measuring import Bench
from bench.parts.cancels import DISTINCT, PEAK, distinct_load, make_readable, read_load
from bench.parts.flowing import flow_key
from bench.plan import PEAK_CONNECTIONS
from bench.results import Key
from bench.systems import RAW, SERVICE, SERVICE_SQLITE, Served


def profiles(bench: Bench) -> None:
    """Profiles of cancels, of reads, and of whole flows."""
    callers = Load(bench.plan.rows, bench.tokens.callers)
    works: dict[Key, Callable[[Served], object]] = {
        Key("cancel", SERVICE, PEAK): lambda served: _load(bench, served, callers),
        flow_key("book", SERVICE, PEAK_CONNECTIONS): lambda served: _flows(bench, served, "book"),
        flow_key("cancel", SERVICE, PEAK_CONNECTIONS): lambda served: _flows(bench, served, "cancel"),
        Key("cancel", RAW, PEAK): lambda served: _load(bench, served, callers),
        Key("mix", SERVICE, DISTINCT): lambda served: _load(bench, served, distinct_load(bench)),
        Key("read", SERVICE, PEAK): lambda served: _load(bench, served, read_load(bench)),
        Key("cancel", SERVICE_SQLITE, PEAK): lambda served: _load(bench, served, callers),
    }
    for key, work in list(works.items())[: bench.plan.profiles]:
        try:
            _profile(bench, key, work)
        except WrongAnswersError as error:
            bench.results.left_out.append(f"{key.measure} {key.system}: {error}")


def _profile(bench: Bench, key: Key, work: Callable[[Served], object]) -> None:
    served = bench.fleet[key.system]
    if key.measure == "read":
        make_readable(bench, served)
    elif served.store is not None:
        is_flow = key.measure.startswith("flow")
        served.store.reset(1 if is_flow else bench.plan.rows, fresh_orders=is_flow)
    with ThreadPoolExecutor(max_workers=1) as thread:
        done = thread.submit(work, served)
        bench.results.profiles[key] = profiling.shares(served.pid, bench.plan.profile_seconds)
        done.result()
    bench.clock.say(f"profile of {key.measure}, {key.system}")


def _load(bench: Bench, served: Served, load: Load) -> None:
    run_wrk(served.port, PEAK_CONNECTIONS, bench.plan.profile_seconds + 1, load).check_answers()


def _flows(bench: Bench, served: Served, kind: Kind) -> None:
    flows.run_flows(served.port, bench.tokens, kind, bench.plan.profile_seconds + 1, PEAK_CONNECTIONS)
