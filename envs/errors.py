"""Errors that users can act on: each message names the field, the value and the remedy.

The command line turns every :class:`VoltranError` into one line and exit code 2.
"""


class VoltranError(Exception):
    """Base of all errors that bad input can cause."""


class ScenarioError(VoltranError, ValueError):
    """A scenario or configuration that is unknown, mistyped or out of range."""


class ActionError(VoltranError, ValueError):
    """An action that is not in its space: wrong agent, shape, dtype, range, or NaN."""


class EpisodeError(VoltranError, RuntimeError):
    """A call that the episode's state does not allow, such as stepping a finished episode."""


class PhysicsError(VoltranError, ArithmeticError):
    """Physics that diverged; names where, when and which quantity."""


class FileFormatError(VoltranError, ValueError):
    """A policy, results or checkpoint file that is corrupt, truncated or of another version."""


class MissingExtraError(VoltranError, ImportError):
    """An optional dependency that is not installed; names the extra that brings it."""


class PartError(VoltranError, ValueError):
    """A reward, an observed field or a controller of the user's that raises, or gives what it must not; names it."""


class UncheckedFileWarning(UserWarning):
    """A file without a checksum, so that damage to it would go unseen; says how to give it one."""


class IllegalActionsWarning(UserWarning):
    """Most actions of an agent in an episode were ones that its mask forbids: nobody reads the masks."""
