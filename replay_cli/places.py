"""Places: where in an event something stands, and what becomes of it there.

A place is asked about what stands at it, and gives the places inside. So one set of rules is followed by a walk over
a value and by a walk over the bytes of a text. Places hold no state: the same place may stand for any number of
values, at any depth.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from replay_cli.masking import Masks
from replay_cli.telltale import Form

Guard = Mapping[str, "Guard | None"]
"""Members that are kept, by name; None where the value itself is, else the members inside."""


class Place:
    """A place where all stays as it is, and so does all inside.

    ``nulls_numbers`` and ``nulls_truths`` tell that null takes the place of a number, of true and false.
    """

    __slots__ = ()
    nulls_numbers = False
    nulls_truths = False

    def inside(self, name: str) -> Place:
        """The place of the member of this name."""
        return self

    def at(self, index: int) -> Place:
        """The place of an element, counted from 0."""
        return self

    def string(self, text: str) -> str:
        """What becomes of a string here; the same one if it stays."""
        return text

    def name(self, text: str) -> str | None:
        """The masked name of a member of the object here; None if it keeps its own."""
        return None


KEPT = Place()


class Covered(Place):
    """A place where everything is masked, at any depth, but for the names that are known.

    With ``numbers`` a number becomes null, since any other number would be a lie; with ``truths`` true and false do.
    """

    __slots__ = ("_masks", "_names", "nulls_numbers", "nulls_truths")

    def __init__(self, masks: Masks, names: Collection[str], numbers: bool = True, truths: bool = True) -> None:
        self._masks, self._names = masks, names
        self.nulls_numbers, self.nulls_truths = numbers, truths

    def string(self, text: str) -> str:
        """The mask."""
        return self._masks.of(text)

    def name(self, text: str) -> str | None:
        """The mask, unless the name is known."""
        return None if text in self._names else self._masks.name(text)


class Pointed(Place):
    """A place on the way to what a JSON Pointer (RFC 6901) names; the segment ``*`` fits any member or element."""

    __slots__ = ("_next", "_segment")

    def __init__(self, segments: tuple[str, ...], target: Place) -> None:
        self._segment = segments[0]
        self._next = Pointed(segments[1:], target) if len(segments) > 1 else target

    def inside(self, name: str) -> Place:
        """One step on, or off the way."""
        return self._next if self._segment in ("*", name) else KEPT

    def at(self, index: int) -> Place:
        """One step on, or off the way."""
        return self._next if self._segment in ("*", str(index)) else KEPT


class Named(Place):
    """A place where members of some names (in lower case) are looked for, at any depth."""

    __slots__ = ("_names", "_target")

    def __init__(self, names: Collection[str], target: Place) -> None:
        self._names, self._target = names, target

    def inside(self, name: str) -> Place:
        """What is covered, if the name is one of those."""
        return self._target if name.casefold() in self._names else self


class Matched(Named):
    """A place where forms are looked for in all strings and names, at any depth; beside members of some names."""

    __slots__ = ("_forms", "_masks")

    def __init__(
        self, forms: Collection[Form], masks: Masks, names: Collection[str] = (), target: Place = KEPT
    ) -> None:
        super().__init__(names, target)
        self._forms, self._masks = forms, masks

    def string(self, text: str) -> str:
        """The string with all matches masked."""
        return self._masks.replaced(text, self._forms)

    def name(self, text: str) -> str | None:
        """The name with all matches masked, if there is one."""
        name = self._masks.replaced(text, self._forms, named=True)
        return None if name == text else name


class Shielded(Place):
    """A place whose own string, number or truth stays; what stands inside an object or array is left to ``place``."""

    __slots__ = ("_place",)

    def __init__(self, place: Place) -> None:
        self._place = place

    def inside(self, name: str) -> Place:
        """The other place's."""
        return self._place.inside(name)

    def at(self, index: int) -> Place:
        """The other place's."""
        return self._place.at(index)

    def name(self, text: str) -> str | None:
        """The other place's."""
        return self._place.name(text)


class Guarded(Shielded):
    """A place that is left to another one, but for the members that a guard keeps."""

    __slots__ = ("_guard", "nulls_numbers", "nulls_truths")

    def __init__(self, place: Place, guard: Guard) -> None:
        super().__init__(place)
        self._guard = guard
        self.nulls_numbers, self.nulls_truths = place.nulls_numbers, place.nulls_truths

    def inside(self, name: str) -> Place:
        """The other place's, guarded."""
        inner = self._place.inside(name)
        if name not in self._guard:
            return inner
        guard = self._guard[name]
        return Shielded(inner) if guard is None else Guarded(inner, guard)

    def string(self, text: str) -> str:
        """The other place's."""
        return self._place.string(text)

    def name(self, text: str) -> str | None:
        """The other place's; what is guarded keeps its name."""
        return None if text in self._guard else self._place.name(text)


class Leaf(Place):
    """A place for one sort of value: a string that ``becomes`` another, or a number; of all else nothing is known."""

    __slots__ = ("_becomes", "_unknown", "nulls_numbers")

    def __init__(self, becomes: Callable[[str], str], numbers: bool, unknown: Place) -> None:
        self._becomes, self._unknown = becomes, unknown
        self.nulls_numbers = not numbers

    def inside(self, name: str) -> Place:
        """Not known."""
        return self._unknown.inside(name)

    def at(self, index: int) -> Place:
        """Not known."""
        return self._unknown.at(index)

    def string(self, text: str) -> str:
        """What the string becomes."""
        return self._becomes(text)

    def name(self, text: str) -> str | None:
        """Not known."""
        return self._unknown.name(text)


class Listed(Leaf):
    """A place for an object whose members are listed, each with its place."""

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, Place], becomes: Callable[[str], str], unknown: Place) -> None:
        super().__init__(becomes, False, unknown)
        self._members = members

    def inside(self, name: str) -> Place:
        """The place that is listed for the member."""
        return self._members.get(name, self._unknown)

    def name(self, text: str) -> str | None:
        """A listed name stays."""
        return None if text in self._members else self._unknown.name(text)


class Elements(Leaf):
    """A place for an array whose elements are all of one sort."""

    __slots__ = ("_element",)

    def __init__(self, element: Place, becomes: Callable[[str], str], unknown: Place) -> None:
        super().__init__(becomes, False, unknown)
        self._element = element

    def at(self, index: int) -> Place:
        """The place of every element."""
        return self._element
