"""Physics: pure functions over arrays; every formula of the papers stands here once."""

from pkgutil import iter_modules

from voltran.offered import offered

__all__ = sorted(module.name for module in iter_modules(__path__))

__getattr__, __dir__ = offered(__name__, {})
