"""`dataclass` for values that are made many times for each request: frozen for the type checkers, plain at runtime; and
`replace` for them, which copies fields instead of going through the whole `__init__`.

The standard library's frozen classes set each field by a call of `object.__setattr__`, which took a tenth of all the
instructions of a call. Mypy and pyright see that decorator here, and refuse every assignment to a field; what runs has
slots, `==` and a hash as it would have, and sets its fields directly. It is used where classes are made while calls are
served; what is made once, when the configuration is loaded, has the standard library's.
"""

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    _NAMES = {}

    def replace(value, **changes):
        """The value with these fields changed, as `dataclasses.replace` makes it."""
        cls = value.__class__
        names = _NAMES.get(cls)
        if names is None:
            names = _NAMES[cls] = tuple(field.name for field in dataclasses.fields(cls))
        made = cls.__new__(cls)
        for name in names:
            setattr(made, name, changes.pop(name) if name in changes else getattr(value, name))
        if changes:
            raise TypeError(f"{cls.__name__} has no {', '.join(changes)}")
        return made

    def dataclass(*, frozen=False, slots, eq=True, **options):
        """Make a dataclass of what stands below, as `dataclasses.dataclass` does, that only type checkers freeze."""

        def made(cls):
            is_hashed = frozen and eq and "__hash__" not in vars(cls)
            return dataclasses.dataclass(slots=slots, eq=eq, unsafe_hash=is_hashed, **options)(cls)

        return made


__all__ = ["dataclass", "replace"]
