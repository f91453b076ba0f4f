"""Where a training keeps what it can make again."""

from graduate.components.fine_tune.loop.workers import Workers
from graduate.components.fine_tune.tasks import scratch
from graduate.components.fine_tune.tasks.scratch import scratch_folder


def test_workers_that_share_a_place_do_not_remove_each_others_files(tmp_path, monkeypatch):
    def folder_of(rank):
        monkeypatch.setattr(scratch, "workers", lambda: Workers(rank, 2, 2))
        return scratch_folder(str(tmp_path))

    with folder_of(0) as first:
        (first / "pixels").touch()
        with folder_of(1) as second:
            (second / "pixels").touch()
        assert (first / "pixels").exists()
    assert not list(tmp_path.iterdir())
