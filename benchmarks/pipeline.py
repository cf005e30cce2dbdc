"""Five tasks with kled's options in one flow, each doing nothing: Prefect's and kled's own cost."""

from prefect import flow, task

from kled.operations.step import Step
from kled.retry import READ
from tasks.running import policies


@task
def perform(name: str) -> str:
    """Do nothing."""
    return name


@flow(name="five-tasks", persist_result=False)
def five_tasks() -> None:
    """Run five steps that do nothing, with the options that kled's steps have."""
    for number in range(5):
        step = Step(f"step {number}", lambda _session: "nothing", READ)
        perform.with_options(**policies.options(step))(step.name)


if __name__ == "__main__":
    five_tasks()
