"""Changes of Hydra: what `override /task: …` means in a data file, and one warning left out."""

from hydra._internal import config_loader_impl
from hydra.core.default_element import GroupDefault

_hydra_key = GroupDefault.get_override_key
_hydra_warning = config_loader_impl.deprecation_warning  # type: ignore[attr-defined]


def _override_key(default: GroupDefault) -> str:
    """Return the key of the group that an entry of a defaults list overrides.

    Hydra puts the group below the package of the file: in `conf/data/my_data.yaml`, `override
    /task: …` would be `task@data.task`, which no defaults list has, unless the file starts with
    `# @package _global_`.
    """
    absolute = bool(default.override) and default.package is None
    if absolute and default.group is not None and default.group.startswith("/"):
        return default.get_group_path()
    return _hydra_key(default)


def _warning(message: str, stacklevel: int = 1) -> None:
    """Warn about a deprecated use of Hydra, except the one that conf/hydra/launcher relies on.

    Hydra merges `joblib.yaml` there with the plugin's settings of that name. A later version that
    does not merge them uses the file alone, which is sufficient.
    """
    if "'hydra/launcher/" not in message:
        _hydra_warning(message, stacklevel + 1)


def install() -> None:
    """Make Hydra use an absolute group in an override as written, and files for its launchers."""
    GroupDefault.get_override_key = _override_key  # type: ignore[method-assign,assignment]
    config_loader_impl.deprecation_warning = _warning  # type: ignore[attr-defined]
