"""`override /task: …` in the defaults list of a data file means the group at the root."""

from hydra.core.default_element import GroupDefault

_hydra_key = GroupDefault.get_override_key


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


def install() -> None:
    """Make Hydra use an absolute group in an override as written."""
    GroupDefault.get_override_key = _override_key  # type: ignore[method-assign,assignment]
