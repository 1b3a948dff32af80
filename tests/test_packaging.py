"""What a wheel holds and declares is what the folders hold and import."""

import importlib.metadata
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house import ROOMS, ROOT, imports, modules, project

SETUP = project()["tool"]["setuptools"]
EXTRAS_OF_ROOM = {
    "physics": (),
    "envs": ("train", "renewables"),
    "baselines": ("solvers",),
    "agents": ("train",),
    "evaluation": ("train", "video", "ray"),
    "datasets": ("train", "datasets"),
    "train": ("train",),
    "experiments": ("train",),
    "configs": (),
}

# Libraries that a file stands before; who wants that has them, in an environment of his own.
NEIGHBOURS = {
    "envs/faces/torchrl.py": {"tensordict", "torch", "torchrl"},
    "datasets/minari_export.py": {"minari"},
    "datasets/vault_export.py": {"flashbax", "jax"},
}

APART = {
    "cosmic_ray",
    "playwright",
    "ray",
    "tensordict",
    "torchrl",
}  # what has environments of its own, see constraints beside it


def packages_on_disk() -> set[str]:
    folders = {path.parent for room in ROOMS for path in (ROOT / room).rglob("__init__.py")}
    return {"voltran", "voltran.cli"} | {"voltran." + ".".join(folder.relative_to(ROOT).parts) for folder in folders}


def folder_of(package: str) -> Path:
    """Where a package's files lie: below a room, folders are named like their packages."""
    names = package.split(".")
    return ROOT.joinpath(SETUP["package-dir"][".".join(names[:2])], *names[2:])


def requirements(*extras: str) -> list[Requirement]:
    lists = [project()["project"]["dependencies"]]
    lists += [project()["project"]["optional-dependencies"][extra] for extra in extras]
    return [Requirement(text) for texts in lists for text in texts]


def distributions(*extras: str) -> set[str]:
    """Names of the distributions that an installation with these extras asks for."""
    return {canonicalize_name(item.name) for item in requirements(*extras)}


def test_packages_listed_are_those_on_disk() -> None:
    assert set(SETUP["packages"]) == packages_on_disk()
    assert len(SETUP["packages"]) == len(set(SETUP["packages"]))


@pytest.mark.parametrize("room", ROOMS)
def test_every_folder_with_modules_is_a_package(room: str) -> None:
    folders = {path.parent for path in (ROOT / room).rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("room", ROOMS)
def test_link_leads_to_the_folder_that_is_packaged(room: str) -> None:
    link = ROOT / "voltran" / room
    assert SETUP["package-dir"][f"voltran.{room}"] == room
    if not link.is_symlink():
        pytest.skip("this checkout was made without symbolic links; the packaging map alone installs")
    assert link.readlink() == Path("..") / room
    assert link.resolve() == (ROOT / room).resolve()


def test_voltran_holds_the_front_door_the_command_line_and_links() -> None:
    present = {path.name for path in (ROOT / "voltran").iterdir()} - {"__pycache__"}
    assert present - set(ROOMS) == {"__init__.py", "__main__.py", "offered.py", "py.typed", "cli"}


def test_every_data_file_is_packaged() -> None:
    globbed = {
        path
        for package, patterns in SETUP["package-data"].items()
        for pattern in patterns
        for path in folder_of(package).glob(pattern)
    }
    files = {path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file()}
    data = {path for path in files if path.suffix not in {".py", ".pyc", ".nbi", ".nbc"}}
    assert any(path.suffix == ".yaml" for path in data)
    assert sorted(str(path) for path in data - globbed) == []


@pytest.mark.parametrize("room", ROOMS)
def test_imported_distributions_are_declared(room: str) -> None:
    providers = importlib.metadata.packages_distributions()
    undeclared = []
    for path, source in modules(room):
        for item in imports(path, source):
            if item.top in sys.stdlib_module_names | {"voltran"} | NEIGHBOURS.get(path, set()):
                continue
            # envs may use an extra only where it is asked for: inside a function, or in the SB3 face.
            optional = room != "envs" or item.lazy or path == "envs/faces/vector.py"
            declared = distributions(*EXTRAS_OF_ROOM[room] if optional else ())
            if not declared & {canonicalize_name(name) for name in providers.get(item.top, [item.top])}:
                undeclared.append(f"{path}:{item.line}: {item.top}")
    assert undeclared == []


def test_tests_import_only_what_dev_installs() -> None:
    providers = importlib.metadata.packages_distributions()
    declared = distributions("train", "solvers", "datasets", "dev")
    own = {"voltran", "tests", "benchmarks", "docs", "examples"}
    undeclared = [
        f"{path}:{item.line}: {item.top}"
        for path, source in modules("tests")
        if not path.startswith("tests/outside/package/")  # somebody else's, who imports himself
        for item in imports(path, source)
        if item.top not in sys.stdlib_module_names | own
        and item.top not in APART  # where it is missing, the tests are skipped
        and not declared & {canonicalize_name(name) for name in providers.get(item.top, [])}
    ]
    assert undeclared == []


def test_constraints_pin_every_requirement_inside_its_range() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    versions = {}
    for pin in pins:
        (clause,) = pin.specifier
        assert clause.operator == "==", f"{pin}: not an exact version"
        assert Version(clause.version).local is None, f"{pin}: a local label fits only one index"
        versions[canonicalize_name(pin.name)] = clause.version
    assert len(versions) == len(pins)
    extras = project()["project"]["optional-dependencies"]
    wanted = [item for item in requirements(*(extras.keys() - APART)) if item.name != "voltran"]
    outside = [str(item) for item in wanted if versions.get(canonicalize_name(item.name), "") not in item.specifier]
    assert outside == []


def test_version_is_the_same_everywhere() -> None:
    import voltran

    version = project()["project"]["version"]
    assert voltran.__version__ == version
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, that takes nothing stale from it."""
    source = tmp_path_factory.mktemp("packaging") / "source"
    omitted = shutil.ignore_patterns(
        ".git", ".venv*", ".hypothesis", "build", "dist", "runs", "*.egg-info", "__pycache__", ".*_cache"
    )
    shutil.copytree(ROOT, source, symlinks=True, ignore=omitted)
    return source


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


@pytest.mark.slow
def test_wheel_holds_every_module_and_data_file_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    before = files_below(source)
    run("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(source), cwd=tmp_path)
    assert files_below(source) == before
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("voltran/")}
    files = {path for room in ROOMS for path in (source / room).rglob("*") if path.is_file()}
    expected = {f"voltran/{path.relative_to(source).as_posix()}" for path in files}
    own = {path for path in (source / "voltran").rglob("*") if path.suffix in {".py", ".typed"} and path.is_file()}
    front = {path for path in own if path.relative_to(source / "voltran").parts[0] not in ROOMS}
    assert held == expected | {f"voltran/{path.relative_to(source / 'voltran').as_posix()}" for path in front}


@pytest.mark.slow
def test_source_distribution_holds_the_checkout_and_its_tests_run(source: Path, tmp_path: Path) -> None:
    """But for the links in ``voltran/``, without which the package finds its rooms, too."""
    build = "import setuptools.build_meta as builder; print(builder.build_sdist(sys.argv[1]))"
    name = run("-c", f"import sys; {build}", str(tmp_path), cwd=source).splitlines()[-1]
    with tarfile.open(tmp_path / name) as archive:
        assert all(member.isfile() or member.isdir() for member in archive)
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / name.removesuffix(".tar.gz")
    made = {file for file in files_below(unpacked) if file in ("PKG-INFO", "setup.cfg") or "egg-info" in file}
    links = {f"voltran/{room}" for room in ROOMS}
    kept = {file for file in files_below(source) if "egg-info" not in file}
    assert files_below(unpacked) - made == kept - links
    ours = run("-c", "import voltran.physics as found; print(found.__file__)", cwd=unpacked).strip()
    assert Path(ours) == unpacked / "physics" / "__init__.py"
    assert " passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/physics/test_power.py", cwd=unpacked)


SETUP_SCRIPT = runpy.run_path(str(ROOT / "setup.py"))
ADDRESS = "https://git.example/voltran/voltran"


def test_the_readme_of_an_index_page_has_no_link_to_a_file() -> None:
    """They lead to the repository where it is known, and are words where it is not."""
    relative = re.compile(r"\]\((?!https?:|#)|(?:src|srcset)=\"(?!https?:)")
    original = (ROOT / "README.md").read_text(encoding="utf-8")
    assert relative.search(original)
    for address in ("", ADDRESS):
        assert not relative.search(SETUP_SCRIPT["readme"](address))
    alone, linked = SETUP_SCRIPT["readme"](""), SETUP_SCRIPT["readme"](ADDRESS)
    assert "<picture>" not in alone
    assert "<img" not in alone
    outside = set(re.findall(r"\]\((https?:[^)]+)\)", original))
    assert outside <= set(re.findall(r"\]\((https?:[^)]+)\)", alone))
    for target in re.findall(re.escape(ADDRESS) + r"/(?:blob|raw)/HEAD/([^)#\"]+)", linked):
        assert (ROOT / target).exists(), target


def test_urls_are_those_of_the_repository_that_the_citation_names() -> None:
    assert SETUP_SCRIPT["urls"]("") == {}
    found = SETUP_SCRIPT["urls"](ADDRESS)
    assert set(found) == {"Source", "Documentation", "Changelog", "Issues"}
    assert all(url.startswith(ADDRESS) for url in found.values())
    for url in found.values():
        if "/HEAD/" in url:
            assert (ROOT / url.partition("/HEAD/")[2]).is_file()
    assert bool(SETUP_SCRIPT["repository"]()) == (
        "repository-code:" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    )


def test_metadata_say_who_for_whom_and_on_what() -> None:
    said = project()["project"]
    (author,) = said["authors"]
    assert f"  - name: {author['name']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert set(said["dynamic"]) == {"readme", "urls"}
    oldest = Version(said["requires-python"].removeprefix(">="))
    named = [Version(text.rpartition(" ")[2]) for text in said["classifiers"] if re.search(r"Python :: 3\.\d+$", text)]
    assert min(named) == oldest
