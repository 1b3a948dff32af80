"""Forecasters as files: weights, and what they are for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from voltran import __version__
from voltran.agents.forecasting.network import NetworkShape, check_weights
from voltran.agents.forecasting.settings import ForecastConfig
from voltran.agents.forecasting.sites import CONFIGURATION_SIZE, CONFIGURATION_VERSION, Feature, Target
from voltran.agents.weight_files import read_weights, save_weights
from voltran.agents.zoo import forecaster_path
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.scenario import Section
from voltran.physics.arrays import Float32Array

HEADER_KEY = "voltran_forecaster"
ZOO = "zoo:"


class ForecasterMetadata(Section):
    """What the file of a forecaster says about itself.

    Attributes:
        format_version: version of this header.
        target: what it forecasts, for the slot after the window.
        features: of each slot, in the network's order.
        window: slots that it looks back.
        period_h: duration of a slot.
        configuration_version: meaning and order of the features that do not change with time.
        network: sizes.
        training: configuration of the training, for the record.
        voltran_version: version that wrote the file.
    """

    format_version: Literal[1] = 1
    target: Target
    features: tuple[Feature, ...]
    window: int
    period_h: float
    configuration_version: str
    network: NetworkShape
    training: dict[str, Any] = Field(default_factory=dict)
    voltran_version: str = __version__


class Forecaster(NamedTuple):
    """A forecaster.

    Attributes:
        name: as tables show it.
        metadata: what it is for.
        weights: by name.
    """

    name: str
    metadata: ForecasterMetadata
    weights: dict[str, Float32Array]


def network_shape(config: ForecastConfig) -> NetworkShape:
    """Sizes of the network that a configuration asks for."""
    return NetworkShape(inputs=len(config.features), configuration=CONFIGURATION_SIZE, hidden=config.hidden)


def metadata_of(config: ForecastConfig) -> ForecasterMetadata:
    """What the file of a forecaster made with a configuration says."""
    return ForecasterMetadata(
        target=config.target,
        features=config.features,
        window=config.window,
        period_h=config.data.period_h,
        configuration_version=CONFIGURATION_VERSION,
        network=network_shape(config),
        training=config.model_dump(mode="json"),
    )


def save_forecaster(path: str | Path, weights: Mapping[str, Float32Array], config: ForecastConfig) -> Path:
    """Write a forecaster.

    Raises:
        VoltranError: the file cannot be written; an earlier file stays as it was.
    """
    return save_weights(path, weights, HEADER_KEY, metadata_of(config))


def load_forecaster(reference: str | Path) -> Forecaster:
    """Read a forecaster.

    Args:
        reference: path of a file, or ``zoo:NAME`` of one that ships with the package.

    Raises:
        ScenarioError: no such name.
        FileFormatError: no such file, or one that is corrupt, truncated, no forecaster, or of another version.
    """
    path = forecaster_file(reference)
    metadata, weights = read_weights(path, HEADER_KEY, ForecasterMetadata, "forecaster")
    if metadata.configuration_version != CONFIGURATION_VERSION:
        raise FileFormatError(
            f"forecaster {path}: configuration_version is {metadata.configuration_version!r}, this version of VoltRAN "
            f"has {CONFIGURATION_VERSION!r}; train it again"
        )
    try:
        check_weights(metadata.network, weights)
    except FileFormatError as error:
        raise FileFormatError(f"forecaster {path}: {error}") from error
    return Forecaster(str(reference) if str(reference).startswith(ZOO) else path.stem, metadata, weights)


def forecaster_file(reference: str | Path) -> Path:
    """Where a forecaster lies.

    Args:
        reference: path of a file, or ``zoo:NAME`` of one that ships with the package.

    Raises:
        ScenarioError: no such name.
    """
    name = str(reference)
    return forecaster_path(name.removeprefix(ZOO)) if name.startswith(ZOO) else Path(reference)


def require_fits(forecaster: Forecaster, config: ForecastConfig) -> None:
    """Raise unless a forecaster is for the window, features, target and period of a configuration.

    Raises:
        ScenarioError: names the field, what the forecaster has, what is wanted, and the remedy.
    """
    wanted = metadata_of(config)
    for field in ("window", "features", "target", "period_h"):
        has, needs = getattr(forecaster.metadata, field), getattr(wanted, field)
        if has != needs:
            key = f"data.{field}" if field == "period_h" else field
            raise ScenarioError(
                f"forecaster {forecaster.name}: {field} is {_shown(has)}, but {_shown(needs)} is asked for; "
                f"set {key}={_shown(has)}, or train one for {_shown(needs)}"
            )


def _shown(value: Any) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
