"""Where a kubeconfig goes that nobody named a place for."""

from pathlib import Path

from kled import config
from kled.operations.health.kubeconfigs import default_place
from kled.sandbox import control


def test_it_goes_into_the_working_directory(tmp_path: Path) -> None:
    settings = config.load({"HOME": str(tmp_path)})

    assert default_place(settings, "c.example.com") == Path("kubeconfig-c.example.com")


def test_that_of_a_sandbox_goes_with_it(tmp_path: Path) -> None:
    """It stayed in the working directory, and named an API that no longer runs."""
    box = control.start(tmp_path / "box", speed=1.0).directory
    place = default_place(config.load(control.environment(box)), "c.example.com")
    place.parent.mkdir(parents=True)
    place.write_text("kind: Config")

    assert control.stop(box).left == []
    assert not box.exists()
