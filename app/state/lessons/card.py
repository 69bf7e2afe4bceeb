"""One card of a lesson: what it shows, what it asks, and what it then explains."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal, Self, get_args
from urllib.parse import parse_qsl

from pydantic import Field, model_validator

from app.state.base import Finite, Frozen, PageConfig
from app.state.cards import MAX_CARDS, Comparison
from app.state.games import GamesConfig
from app.state.gans import GansConfig
from app.state.links import decode
from app.state.networks import NetworksConfig
from app.state.surfaces import SurfacesConfig
from app.state.theory import TheoryConfig

MODELS: dict[str, type[PageConfig]] = {
    "surfaces": SurfacesConfig,
    "games": GamesConfig,
    "theory": TheoryConfig,
    "networks": NetworksConfig,
    "gans": GansConfig,
}
PageName = Literal["surfaces", "games", "theory", "networks", "gans"]
RunMeasure = Literal[
    "x", "y", "fast_x", "fast_y", "loss", "fast_loss", "distance", "fast_distance", "jitter", "fast_jitter",
    "diverged", "rate", "arrival", "evaluations",
]  # fmt: skip
TheoryMeasure = Literal["penalty", "gradient_penalty", "amplification", "gap", "plain_gap"]
Measure = Literal[RunMeasure, TheoryMeasure]
CHARTS: dict[str, tuple[str, ...]] = {
    "surfaces": ("loss", "distance", "gradient"),
    "games": ("distance", "rate", "value"),
    "theory": ("landscapes", "coefficients", "penalty"),
    "networks": (),
    "gans": (),
}
Handle = Literal["k", "alpha", "lr", "momentum"]
Words = Annotated[str, Field(min_length=1)]
Step = Annotated[int, Field(ge=0)]
Number_ = Annotated[int, Field(ge=1, le=MAX_CARDS)]
MOST_OPTIONS = 5


class Quantity(Frozen):
    """A number of the card's run.

    Attributes:
        measure: its name; `app.runs.lessons` computes it.
        optimizer: whose, the first being 1.
        step: at which base step; the last if not given.
        over: divided by the same of this optimizer.
    """

    measure: Measure
    optimizer: Number_ = 1
    step: Step | None = None
    over: Number_ | None = None


class Check(Quantity):
    """What must hold of a number: that it `is` a value, give or take `within`, or is `below` or `above` another.

    link: of another setting of the card's page, where the text speaks of one.
    """

    link: str | None = None
    value: Annotated[Finite | None, Field(alias="is")] = None
    within: Annotated[Finite, Field(ge=0)] = 0.0
    below: Finite | None = None
    above: Finite | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.value is None) == (self.below is None and self.above is None):
            raise ValueError("write is: with within:, or below:, or above:")
        return self

    def holds(self, number: float) -> bool:
        """Whether it does for this number; for no NaN."""
        if self.value is not None:
            return abs(number - self.value) <= self.within
        low = -float("inf") if self.above is None else self.above
        high = float("inf") if self.below is None else self.below
        return low < number < high


class Option(Frozen):
    """One of the answers to choose from: it is the right one `when` this holds in the run, or `right` says so."""

    says: Words
    when: Check | None = None
    right: bool = False


class Choose(Frozen):
    """Choose one of several answers: of `options`, or the optimizer that has the `least` or the `most` of a measure."""

    kind: Literal["choose"]
    options: Annotated[tuple[Option, ...], Field(max_length=MOST_OPTIONS)] = ()
    least: RunMeasure | None = None
    most: RunMeasure | None = None

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if len([one for one in (self.options, self.least, self.most) if one]) != 1:
            raise ValueError("write options:, or least:, or most:")
        if self.options and len(self.options) < 2:
            raise ValueError("options must be at least two")
        if len([one for one in self.options if one.right]) > 1:
            raise ValueError("only one option may be right: true")
        if self.options and not any(one.right or one.when for one in self.options):
            raise ValueError("one option must be right: true, or say when: it is")
        return self


class Number(Frozen):
    """Type a number; right is what is `within` this of the quantity `of` the run."""

    kind: Literal["number"]
    of: Quantity
    within: Annotated[Finite, Field(ge=0)]
    label: Words = "Your guess"


class Place(Frozen):
    """Click where an optimizer's outermost slow weights will end; right is what is `within` this of the place."""

    kind: Literal["place"]
    optimizer: Number_ = 1
    within: Annotated[Finite, Field(gt=0)]


class Reach(Frozen):
    """Drag a handle until the `goal` holds."""

    kind: Literal["reach"]
    goal: Check


Question = Annotated[Choose | Number | Place | Reach, Field(discriminator="kind")]


class Bar(Frozen):
    """A measured number with its deviation, as a table that was measured elsewhere has it."""

    name: Words
    value: Finite
    error: Finite = 0.0


class Bars(Frozen):
    """A column of a table of docs/networks.md, where a run would take minutes.

    Attributes:
        table: how the table's title begins.      column: its heading there.      title: what readers read of it.
        first: depth of the first row.      rows: what the table says.
    """

    table: Words
    column: Words
    title: Words
    first: Annotated[int, Field(ge=0, le=3)] = 0
    rows: tuple[Bar, ...] = Field(min_length=1)


class LessonCard(Frozen):
    """A card.

    Attributes:
        title, text, reveal: one line; Markdown before the answer; Markdown after it.
        page, link: what is shown, as the address of that page has it after its "?".
        question: what is asked.
        hide: whether the tracks are hidden until it is answered; where a place is asked for they are.
        handles: the numbers that can be dragged; all where none is named.
        chart: a chart of the page that is shown beneath the player, or in its place on Theory.
        bars: shown in place of the player on Networks and GANs.
        checks: of the numbers in the texts.
        given: further numbers in the texts, as they follow from others by the arithmetic shown.
    """

    title: Words
    text: Words
    reveal: Words
    page: PageName = "surfaces"
    link: str = ""
    question: Question
    hide: bool = False
    handles: tuple[Handle, ...] = ()
    chart: str | None = None
    bars: Bars | None = None
    checks: tuple[Check, ...] = ()
    given: tuple[Finite, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for link in (self.link, *(check.link for check in self.checks if check.link is not None)):
            problems = read_link(self.page, link)[1]
            if problems:
                raise ValueError(f"link {problems[0]}")
        if self.chart is not None and self.chart not in CHARTS[self.page]:
            names = ", ".join(CHARTS[self.page]) or "none"
            raise ValueError(f"chart must be one of those of {self.page}: {names}; got {self.chart!r}")
        if self.question.kind in ("place", "reach") and not self.moves:
            raise ValueError(f"question {self.question.kind} needs a page with a player: surfaces or games")
        if isinstance(self.question, Choose) and not self.question.options and not self.moves:
            raise ValueError(f"question must have options on {self.page}")
        if self.page in ("networks", "gans") and self.bars is None:
            raise ValueError(f"bars must say what is shown instead of a training on {self.page}")
        self._measures_are_there()
        return self

    def _measures_are_there(self) -> None:
        measures = {"theory": get_args(TheoryMeasure)}.get(self.page, get_args(RunMeasure) if self.moves else ())
        for quantity in self.quantities:
            if quantity.measure not in measures:
                raise ValueError(f"measure must be one of {', '.join(measures) or 'none'} on {self.page}")
            config = self.shown_in(quantity) if isinstance(quantity, Check) else self.config
            if isinstance(config, SurfacesConfig | GamesConfig):
                _check_within(quantity, config)
        if isinstance(self.question, Place) and isinstance(self.config, Comparison):
            _check_optimizer(self.question.optimizer, self.config)

    @property
    def moves(self) -> bool:
        """Whether a player shows it."""
        return self.page in ("surfaces", "games")

    @property
    def hidden(self) -> bool:
        """Whether the tracks are hidden until the question is answered."""
        return self.hide or self.question.kind == "place"

    @property
    def config(self) -> PageConfig:
        """What the page shows."""
        return read_link(self.page, self.link)[0]

    def shown_in(self, check: Check) -> PageConfig:
        """The config whose run a check is about."""
        return self.config if check.link is None else read_link(self.page, check.link)[0]

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Every number of the run that the card speaks of."""
        of_question: tuple[Quantity, ...] = ()
        if isinstance(self.question, Number):
            of_question = (self.question.of,)
        elif isinstance(self.question, Reach):
            of_question = (self.question.goal,)
        elif isinstance(self.question, Choose):
            of_question = tuple(option.when for option in self.question.options if option.when)
        return (*of_question, *self.checks)


@cache
def read_link(page: str, link: str) -> tuple[PageConfig, list[str]]:
    """The config of a page that a link shows, and what of it could not be read."""
    params = dict(parse_qsl("".join(link.split()).rpartition("?")[2], keep_blank_values=True))
    return decode(params, MODELS[page])


def _check_within(quantity: Quantity, config: SurfacesConfig | GamesConfig) -> None:
    for optimizer in (quantity.optimizer, quantity.over or 1):
        _check_optimizer(optimizer, config)
    if quantity.step is not None and quantity.step > config.steps:
        raise ValueError(f"step must be at most the run's {config.steps}, got {quantity.step}")


def _check_optimizer(optimizer: int, config: Comparison) -> None:
    if optimizer > len(config.active):
        raise ValueError(f"optimizer must be one of the {len(config.active)} that are shown, got {optimizer}")
