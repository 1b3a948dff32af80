"""``voltran record``: videos have the frames that were played, and what cannot be filmed is said in one line."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.envs.fake_world import make_fake_world
from voltran.cli.app import app
from voltran.envs.canvas import png_of
from voltran.envs.errors import MissingExtraError, ScenarioError
from voltran.envs.registry import make_world
from voltran.evaluation import video

SEED, WIDTH, HEIGHT = 4, 1290, 750
DECISIONS = 2
SHORT = ["toy3", "--controller", "rotating-sleep", "--seed", str(SEED), "--set", "time.horizon_h=0.5"]
BAD: dict[str, tuple[list[str], str]] = {
    "an unknown ending": (["--video", "FOLDER/toy.avi"], "let it end in .gif or .mp4"),
    "no ending": (["--video", "FOLDER/toy"], "let it end in .gif or .mp4"),
    "a folder": (["--video", "FOLDER/folder.gif"], "cannot be written"),
    "no such folder": (["--video", "FOLDER/nowhere/toy.gif"], "there is no folder"),
    "too many frames a second": (
        ["--video", "FOLDER/toy.gif", "--fps", "51"],
        "fps = 51: give a number from 0.1 to 50",
    ),
    "no frames": (["--video", "FOLDER/toy.gif", "--fps", "0"], "fps = 0: give a number"),
    "frames that are no number": (["--video", "FOLDER/toy.gif", "--fps", "nan"], "fps = nan: give a number"),
    "no decisions between frames": (["--video", "FOLDER/toy.gif", "--every", "0"], "'--every'"),
    "nobody": (["--video", "FOLDER/toy.gif", "--controller", "mrsc"], "did you mean 'msrc'"),
    "several": (["--video", "FOLDER/toy.gif", "--controller", "static,random"], "2 are named; name one"),
    "an unknown key": (["--video", "FOLDER/toy.gif", "--set", "battery.capacity=1"], "battery.capacity"),
}


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["record", *arguments])


def read_back(path: Path) -> tuple[int, float, tuple[int, int]]:
    """Frames, seconds and size of a video, as ffmpeg reads it."""
    ffmpeg: Any = pytest.importorskip("imageio_ffmpeg", reason="needs imageio-ffmpeg: pip install 'voltran[video]'")
    count, length_s = ffmpeg.count_frames_and_secs(str(path))
    return count, length_s, next(ffmpeg.read_frames(str(path)))["source_size"]


def boxes(content: bytes, name: bytes) -> bytes:
    """The content of the first box of a kind in an MP4 file (ISO/IEC 14496-12)."""
    at = content.index(name)
    return content[at + 4 : at - 4 + int.from_bytes(content[at - 4 : at], "big")]


@pytest.mark.parametrize(("every", "count"), [(1, 1 + DECISIONS), (2, 2)])
def test_a_gif_has_a_frame_at_the_start_after_so_many_decisions_and_at_the_end(
    every: int, count: int, tmp_path: Path
) -> None:
    file = tmp_path / "toy.gif"
    result = run(*SHORT, "--video", str(file), "--fps", "2", "--every", str(every))
    assert result.exit_code == 0, result.output
    assert f"Video: {file}" in result.stdout
    frames, length_s, size = read_back(file)
    assert (frames, size) == (count, (WIDTH, HEIGHT))
    assert length_s == pytest.approx(count / 2, abs=0.1)


def test_an_mp4_has_the_same_frames(tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg", reason="needs imageio-ffmpeg: pip install 'voltran[video]'")
    file = tmp_path / "toy.mp4"
    assert run(*SHORT, "--video", str(file), "--fps", "2").exit_code == 0
    content = file.read_bytes()
    assert content[4:8] == b"ftyp"
    assert b"avc1" in content  # H.264
    assert int.from_bytes(boxes(content, b"stsz")[8:12], "big") == 1 + DECISIONS  # samples
    ends = boxes(content, b"tkhd")[-8:]  # width and height as 16.16
    assert [int.from_bytes(ends[at : at + 4], "big") / 2**16 for at in (0, 4)] == [WIDTH, HEIGHT]
    header = boxes(content, b"mvhd")
    scale, length = (int.from_bytes(header[at : at + 4], "big") for at in (12, 16))
    assert length / scale == pytest.approx((1 + DECISIONS) / 2, abs=0.01)


def test_frames_are_what_the_world_shows_of_who_plays() -> None:
    from voltran.baselines import make

    world, again = (make_world("toy3", overrides={"time.horizon_h": 0.5}) for _ in range(2))
    world.played_by = "rotating-sleep"
    seen = list(video.frames(world, make("rotating-sleep"), SEED))
    again.reset([SEED])
    unnamed = again.render("rgb_array")
    again.played_by = "rotating-sleep"
    assert png_of(seen[0]) == png_of(again.render("rgb_array")) != png_of(unnamed)
    assert png_of(seen[-1]) == png_of(world.render("rgb_array"))


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_filmed_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.gif").mkdir()
    (tmp_path / "toy.gif").write_text("kept")
    arguments, message = BAD[name]
    result = run("toy3", *(argument.replace("FOLDER", str(tmp_path)) for argument in arguments))
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.gif", "toy.gif"]
    assert (tmp_path / "toy.gif").read_text() == "kept"


def test_a_video_that_fails_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "toy.gif"
    file.write_text("kept")

    def broken(*_: Any) -> Any:
        raise OSError("no more ink")

    monkeypatch.setattr("voltran.envs.blackout.picture.painted", broken)
    assert run(*SHORT, "--video", str(file)).exit_code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["toy.gif"]
    assert file.read_text() == "kept"


@pytest.mark.parametrize(("ending", "module"), [(".mp4", "imageio_ffmpeg"), (".gif", "PIL")])
def test_what_makes_a_video_is_asked_for_before_anything_is_played(
    ending: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "find_spec", lambda name: None if name == module else name)
    with pytest.raises(MissingExtraError, match=rf"needs {module}, which is not installed; run: pip install .*video"):
        video.require_video(tmp_path / f"toy{ending}", 4.0)


def test_a_world_without_pictures_and_a_gif_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    unseen = make_fake_world(1)
    monkeypatch.setattr(type(unseen), "spec", replace(unseen.spec, picture=""))
    with pytest.raises(ScenarioError, match=r"fake_v0 draws no pictures.*give its WORLD a picture"):
        video.require_frames(unseen, Path("x.gif"), 1)
    world = make_world("toy3", overrides={"time.horizon_h": 800.0})
    with pytest.raises(ScenarioError, match=r"up to 3201 frames are more than the 1000.*every 4 decisions or more"):
        video.require_frames(world, Path("x.gif"), 1)
    assert video.require_frames(world, Path("x.gif"), 4) == 801
    assert video.require_frames(world, Path("x.mp4"), 1) == 3201
    with pytest.raises(ScenarioError, match="every = 0: give at least 1 decision"):
        video.require_frames(world, Path("x.mp4"), 0)


def test_frames_of_odd_size_get_a_row_and_a_column_more() -> None:
    import numpy as np

    image = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)
    even = video._of_even_size(image)
    assert even.shape == (4, 6, 3)
    assert np.array_equal(even[:3, :5], image)
    assert np.array_equal(even[3, :5], image[2])
