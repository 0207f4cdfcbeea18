"""`dataclass` for values that are made many times for each request: frozen for the type checkers, plain at runtime.

The standard library's frozen classes set each field by a call of `object.__setattr__`, which took a tenth of all the
instructions of a call. Mypy and pyright see that decorator here, and refuse every assignment to a field; what runs has
slots, `==` and a hash as it would have, and sets its fields directly. It is used where classes are made while calls are
served; what is made once, when the configuration is loaded, has the standard library's.
"""

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen=False, slots, eq=True, **options):
        """Make a dataclass of what stands below, as `dataclasses.dataclass` does, that only type checkers freeze."""

        def made(cls):
            is_hashed = frozen and eq and "__hash__" not in vars(cls)
            return dataclasses.dataclass(slots=slots, eq=eq, unsafe_hash=is_hashed, **options)(cls)

        return made


__all__ = ["dataclass"]
