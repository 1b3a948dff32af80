"""How large the replay page is, and how long it takes to draw, in a browser without a window and without a GPU."""

from pathlib import Path
from tempfile import TemporaryDirectory

import voltran
from benchmarks.measure import Aim, Section, number
from voltran.cli.browser import running_browser
from voltran.envs.errors import MissingExtraError
from voltran.evaluation.replay.pages import REPLAY_FILE

SCENARIO, CONTROLLERS = "urban19-medium", ("rotating-sleep", "carrier-shutdown", "static", "independent")
USERS = (1000, 3000)
SECONDS = 3.0
MOST_MS = 17.0  # from one picture to the next, of 60 a second
WALK_M_PER_S = 1.4
SIZE = {"width": 1280, "height": 800}
# Plays for some seconds, and notes what each picture took the script, and how long it was from one to the next.
PROGRAM = """async (seconds) => {
  const { player } = window.replay;
  const advance = player.advance.bind(player);
  const work = [], gaps = [];
  let last = null, going = true;
  player.advance = (passed) => {
    const start = performance.now();
    advance(passed);
    work.push(performance.now() - start);
  };
  const tick = (now) => {
    if (last !== null) gaps.push(now - last);
    last = now;
    if (going) requestAnimationFrame(tick);
  };
  player.seek(0);
  player.play();
  requestAnimationFrame(tick);
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  going = false;
  player.pause();
  const at = (values, share) => values.sort((one, other) => one - other)[Math.floor(share * (values.length - 1))];
  return [work, gaps].flatMap((values) => [at(values, 0.5), at(values, 0.95)]);
}"""


def replay_page(quick: bool) -> Section:
    """A day with four controllers, two of which are shown side by side while it plays."""
    section = Section(
        "The replay page",
        f"`{SCENARIO}`, a day of 96 decisions, four controllers, two maps side by side on {SIZE['width']} pixels, "
        "users who walk, drawn on their way from each decision to the next. The page plays at its usual speed for "
        f"{SECONDS:g} s in a browser without a window, whose processes and ours share the machine's cores; no GPU. "
        "A screen of 60 pictures a second shows one every 16.7 ms.",
        ["users", "page, MB", "pixel ratio", "script, ms", "95 %", "from picture to picture, ms", "95 %"],
    )
    for users in USERS[:1] if quick else USERS:
        with TemporaryDirectory() as folder:
            controllers = list(CONTROLLERS[: 2 if quick else None])
            voltran.evaluate(
                SCENARIO,
                controllers,
                seeds=1,
                overrides={"users.count": users, "users.speed_m_per_s": WALK_M_PER_S},
                out=folder,
            )
            page = Path(folder, REPLAY_FILE)
            megabytes = page.stat().st_size / 1e6
            section.aims.append(Aim(f"replay page of {users} users and four controllers", megabytes, 5.0, "MB", True))
            for ratio in (1, 2):
                row = [str(users), number(megabytes), str(ratio)]
                section.rows.append([*row, *_times(page, ratio, users, section.aims)])
    return section


def _times(page: Path, ratio: int, users: int, aims: list[Aim]) -> list[str]:
    try:
        with running_browser() as browser:
            shown = browser.new_page(viewport=SIZE, device_scale_factor=ratio)
            shown.goto(page.as_uri())
            shown.wait_for_timeout(1000)
            times = shown.evaluate(PROGRAM, SECONDS)
    except MissingExtraError as error:
        return [str(error), "", "", ""]
    if ratio == 1:
        aims.append(Aim(f"from picture to picture of the replay page, {users} users", times[2], MOST_MS, "ms", True))
    return [number(milliseconds) for milliseconds in times]
