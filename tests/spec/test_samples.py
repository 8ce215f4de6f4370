"""The user guide on callbacks and chains: each of its samples runs as written and does what the page promises."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from boilermaker import retries
from boilermaker.cli import logs
from boilermaker.errors import UntypedParameterWarning
from spec.staging import Stage

BASICS = "basic_callback_setup"
TWO_QUICK_TRIES = retries.RetryPolicy(2, 0.05, 0.05, retries.RetryMode.Fixed)


@pytest.fixture
def json_lines() -> Iterator[io.StringIO]:
    """What the command line would print."""
    root, ours = logging.getLogger(), logging.getLogger("boilermaker")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    stream = io.StringIO()
    logs.configure("json", "info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.mark.parametrize("method", ["direct_assignment", "shift_operator", "chain_method"])
async def test_each_way_to_set_callbacks_runs_the_success_callback(
    stage: Stage, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`on_success =`, `>>` and `worker.chain` mean the same."""
    await stage.play(BASICS, method)
    await stage.work(executions=2)

    assert {"successful_workflows": 1} == stage.state.metrics
    assert "Main task completed successfully!\n🎉 Success callback executed!\n" == capsys.readouterr().out
    assert [] == await stage.dead_letters()


@pytest.mark.parametrize(("param", "reason"), [("fail", "TaskFailed"), ("raise", "RetriesExhausted")])
async def test_the_failure_callback_runs_once_no_try_is_left(stage: Stage, param: str, reason: str) -> None:
    """A permanent failure and an exception under `NoRetry` alike; the task is dead-lettered."""
    await stage.play(BASICS)
    worker, names = stage.worker, stage.names
    main = worker.create_task(names["main_task"], param)
    main.on_success = worker.create_task(names["success_handler"])
    main.on_failure = worker.create_task(names["failure_handler"])
    await worker.publish_task(main)
    await stage.work(executions=2)

    assert {"failed_workflows": 1} == stage.state.metrics
    assert [reason] == await stage.dead_letters()


async def test_the_log_reads_like_the_example_logs(stage: Stage, json_lines: io.StringIO) -> None:
    """Word by word and key by key, with fields for a log search behind them; sequence numbers, durations and times are this run's own."""
    await stage.play(BASICS, "direct_assignment")
    await stage.work(executions=2)

    lines = [line for line in map(json.loads, json_lines.getvalue().splitlines()) if _is_workers(line)]
    events = [re.sub(r"=\d+|\d\.\d{5}s", "#", line["event"]) for line in lines]
    assert [
        "Registered background function fn=main_task",
        "Registered background function fn=success_handler",
        "Registered background function fn=failure_handler",
        "[main_task] Begin Task sequence_number#",
        "[main_task] Completed Task sequence_number# in #",
        "[success_handler] Begin Task sequence_number#",
        "[success_handler] Completed Task sequence_number# in #",
    ] == events
    for line in lines:
        assert ["event", "level", "logger", "timestamp", "time"] == list(line)[:5]
        assert "info" == line["level"]
        assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", line["timestamp"])


def _is_workers(line: dict[str, str]) -> bool:
    """Not of the local bus in the same process, nor of `run()`, which the memory bus does without."""
    return line["logger"] == "boilermaker.app" and not line["event"].startswith(("Working on", "Stopped"))


async def test_user_registration_creates_the_user_then_runs_the_welcome(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """The welcome mail has no `user_id`: results are not passed by themselves."""
    await stage.play("user_registration")
    await stage.work(executions=2)

    assert ["user@example.com"] == stage.state.db.users
    assert [] == stage.state.email_service.seen
    assert "✅ User created: user-1\n" == capsys.readouterr().out


async def test_user_registration_tracks_a_duplicate(stage: Stage) -> None:
    """`TaskFailureResult`: no retry, the failure handler with its own argument, a dead letter."""
    await stage.play("user_registration")
    await stage.worker.publish_task(stage.names["signup_task"])
    await stage.work(executions=4)

    assert ["user@example.com"] == stage.state.db.users
    assert ["user@example.com"] == stage.state.analytics.seen
    assert ["TaskFailed"] == await stage.dead_letters()


async def test_a_chain_runs_its_steps_in_order(stage: Stage) -> None:
    """Tasks of `create_task` and of `Task.si` side by side; publishing the chain publishes its first task."""
    await stage.play("basic_chain")
    await stage.work(executions=3)

    assert ["step1 input_data", "step2", "step3"] == stage.state.seen
    assert stage.names["workflow"].name == "step1"


async def test_a_chain_stops_where_a_step_fails(stage: Stage) -> None:
    """The `on_failure` task of the chain is set for each of its tasks."""
    await stage.play("basic_chain")
    stage.state.failing = "step2"
    await stage.work(executions=3)

    assert ["step1 input_data", "step2", "cleanup"] == stage.state.seen
    assert ["RetriesExhausted"] == await stage.dead_letters()


async def test_the_pipeline_runs_all_its_steps(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Registered in a loop, with the default policy."""
    await stage.play("data_pipeline")
    await stage.work(executions=5)

    assert [
        "📥 Fetched 3 records",
        "✅ Data validation passed",
        "🔄 Data transformed",
        "💾 Data saved to database",
        "📬 Notification sent",
    ] == capsys.readouterr().out.splitlines()
    assert 0 == stage.state.cleaned


async def test_the_pipeline_cleans_up_when_a_step_fails(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """The steps after it do not run."""
    await stage.play("data_pipeline")
    stage.state.http_client.pages.clear()
    await stage.work(executions=2)

    assert "🧹 Cleaning up failed pipeline\n" == capsys.readouterr().out
    assert 1 == stage.state.cleaned
    assert ["TaskFailed"] == await stage.dead_letters()


async def test_conditional_handlers_can_be_tasks(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """What `process_order` says may be looked up in the state: results go nowhere by themselves."""
    await stage.play("conditional_workflows")
    names, worker = stage.names, stage.worker
    kinds = [names[f"{kind}_processing"] for kind in ("high_value", "premium", "standard")]
    worker.register_many_async([names["process_order"], *kinds])
    for order, kind in zip(("large", "premium", "plain"), kinds, strict=True):
        await worker.publish_task(
            worker.create_task(names["process_order"], order) >> worker.create_task(kind)
        )
    await stage.work(executions=6)

    assert {
        "💎 High-value order processing",
        "⭐ Premium customer processing",
        "📦 Standard processing",
    } == set(capsys.readouterr().out.splitlines())


async def test_independent_tasks_are_published_by_apply_async(stage: Stage) -> None:
    """One message each."""
    await stage.play("parallel_execution")
    await stage.work(executions=3)

    assert ["a", "b", "c", "d"] == sorted(stage.state.seen)


async def test_parameters_without_annotation_are_accepted_with_a_warning(stage: Stage) -> None:
    """One warning for each; the typed function beside it gets none."""
    await stage.play("focused_tasks")
    names = stage.names
    stage.worker.register_async(names["send_email"])
    with pytest.warns(UntypedParameterWarning, match="has no annotation") as told:
        stage.worker.register_async(names["process_user_signup"])
    await stage.worker.apply_async(names["send_email"], "user-1", "welcome")
    await stage.worker.apply_async(
        names["process_user_signup"], "a@b.org", {"first": "Ada"}, send_email=False
    )
    await stage.work(executions=2)

    assert 4 == len(told)
    assert [("user-1", "welcome")] == stage.state.sent


async def test_data_passes_through_shared_state(stage: Stage) -> None:
    """The second step finds what the first one stored."""
    await stage.play("data_passing")
    names, worker = stage.names, stage.worker
    worker.register_many_async([names["fetch_data"], names["process_data"]])
    await worker.publish_task(
        worker.chain(worker.create_task(names["fetch_data"], "a"), worker.create_task(names["process_data"]))
    )
    await stage.work(executions=2)

    assert {"job_7": ["A", "SECOND"]} == stage.state.cache


@pytest.mark.parametrize(
    ("is_broken", "metric", "said"),
    [(False, "operations_completed", "completed successfully"), (True, "operations_failed", "failed: ")],
)
async def test_a_task_may_count_and_log(
    stage: Stage, caplog: pytest.LogCaptureFixture, *, is_broken: bool, metric: str, said: str
) -> None:
    """What it raises again is retried, or fails."""
    caplog.set_level(logging.INFO, logger="sample")
    await stage.play("observability")
    stage.state.is_broken = is_broken
    stage.worker.register_async(stage.names["trackable_task"], policy=retries.NoRetry())
    await stage.worker.apply_async(stage.names["trackable_task"], "op-1")
    await stage.work(executions=1)

    assert {metric: 1} == stage.state.metrics
    assert ["Starting operation op-1", f"Operation op-1 {said}"] == [
        record.getMessage() for record in caplog.records if record.name == "sample"
    ]


@pytest.mark.parametrize(
    ("data", "tries", "dead"),
    [
        ("fine", 1, []),
        ("TemporaryError", 2, ["RetriesExhausted"]),
        ("PermanentError", 1, ["TaskFailed"]),
        ("ValidationError", 1, ["TaskFailed"]),
    ],
)
async def test_errors_are_retried_or_fail_as_the_task_says(
    stage: Stage, data: str, tries: int, dead: list[str]
) -> None:
    """`RetryException` under the registered policy; `TaskFailureResult` at once."""
    await stage.play("error_handling")
    with pytest.warns(UntypedParameterWarning):
        stage.worker.register_async(stage.names["robust_task"], policy=TWO_QUICK_TRIES)
    await stage.worker.apply_async(stage.names["robust_task"], data)
    await stage.work(executions=tries)

    assert tries == stage.state.tries
    assert dead == await stage.dead_letters()
