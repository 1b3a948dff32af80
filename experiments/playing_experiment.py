"""What experiments that play episodes have in common, whatever they show of them."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from voltran.envs.file_names import file_names
from voltran.envs.seeds import SEED_LIMIT
from voltran.evaluation.seeds import MOST_SEEDS
from voltran.experiments.experiment import Experiment, Names


class PlayingExperiment(Experiment):
    """Where an experiment plays, who plays, and how often.

    Attributes:
        kind, title, question, description, publish: as of every experiment.
        scenarios: where to play; a path is looked for from the current folder on, and then beside the experiment's
            file.
        scenario_files: scenario to where it lies, as the reader found it.
        controllers: who plays, as on the command line.
        seeds: episodes per controller and situation.
        first_only: controller to how many of the first seeds it plays, for those that are slow.
        first_seed: the seeds follow each other from here.
        overrides: dotted scenario keys and their values, everywhere.
        options: options of the world's builder.
    """

    scenarios: Names
    scenario_files: dict[str, str] = Field(default_factory=dict)
    controllers: Names
    seeds: Annotated[int, Field(ge=1, le=MOST_SEEDS)] = 50
    first_only: dict[str, PositiveInt] = Field(default_factory=dict)
    first_seed: Annotated[int, Field(ge=0, lt=SEED_LIMIT)] = 1000
    overrides: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def all_seeds(self) -> range:
        """The seeds of all episodes."""
        return range(self.first_seed, self.first_seed + self.seeds)

    @property
    def stems(self) -> dict[str, str]:
        """Scenario to what its folders' names begin with: files of one name in different folders are told apart."""
        return file_names({scenario: Path(scenario).stem for scenario in self.scenarios})

    def source_of(self, scenario: str) -> str:
        """A scenario's name, or where its file lies."""
        return self.scenario_files.get(scenario, scenario)
