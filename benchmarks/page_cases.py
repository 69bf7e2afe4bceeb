"""What `benchmarks.pages` opens and clicks, and by which signs in the page it tells what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

from app.state.links import short_link
from app.state.presets.theory import PRESETS
from app.state.theory import TheoryConfig
from benchmarks.player import wait_idle

Address = Callable[[int], str]


def _nothing(page: Page) -> None:
    """No preparation."""


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    address: of a number that makes its settings new.      first, done: conditions in JavaScript, as in `pages.HELPERS`.
    before: done on the page at rest, not timed.      act: the timed click; None where opening the page is timed.
    download: the click saves a file.      rounds: at most so many.
    """

    name: str
    address: Address
    first: str = "true"
    done: str = "true"
    before: Callable[[Page], None] = _nothing
    act: Callable[[Page], None] | None = None
    download: bool = False
    rounds: int = 100


def _text(text: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_text(text, exact=True).first.click()


def _button(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("button", name=name, exact=True).last.click()


def _steps(page: str, more: str = "") -> Address:
    return lambda number: f"/{page}?v=1&steps={400 + number % 100}{more}"


def _theory(config: TheoryConfig, change: Callable[[TheoryConfig, int], TheoryConfig]) -> Address:
    return lambda number: short_link(change(config, number), "/theory")


def _seeded(config: TheoryConfig, number: int) -> TheoryConfig:
    return config.model_copy(update={"seed": 1000 + number})


def _nudged(config: TheoryConfig, number: int) -> TheoryConfig:
    low, high = config.stability.lr_low, config.stability.lr_high
    return config.with_part("stability", lr_low=low * (1 + 1e-6 * number), lr_high=high * (1 + 1e-6 * number))


def _pages() -> Iterator[Case]:
    yield Case("Surfaces", _steps(""), "player()", "drawn('surfaces-ground')")
    long = f"&starts={';'.join(f'{x},{y}' for x in (-2, -1, 1, 2) for y in (-2, -1, 1, 2))}"
    yield Case(
        "Surfaces, 5,000 steps, 16 starts", lambda n: f"/?v=1&surface=himmelblau&steps={5000 - n}{long}", "player()",
        "drawn('surfaces-ground')",
    )  # fmt: skip
    yield Case(
        "Surfaces, own formula", _steps("", "&surface=own&formula=x^2%2B3y^2%2Bsin(3x)"), "player()",
        "drawn('surfaces-ground')",
    )  # fmt: skip
    yield Case("Games", _steps("games"), "player()", "drawn('games-ground')")
    yield Case("Networks", lambda _: "/networks", "drawn('networks-curves-1')", "drawn('networks-ground')")
    yield Case("GANs", lambda _: "/gans", "drawn('gans-curves-1')", "drawn('gans-ground')")
    yield Case("Lessons", lambda _: "/lessons", "shows('.st-key-lesson-list')")
    for lesson, card in (("two-sets-of-weights", 1), ("noise", 1), ("implicit-regularization", 2)):
        address = f"/lessons?v=1&lesson={lesson}&card={card}"
        seen = "player() || allDrawn() && shows('.js-plotly-plot')"
        yield Case(f"Lessons, {lesson}, card {card}", lambda _, address=address: address, seen)


def _theories() -> Iterator[Case]:
    first = {"stability": "drawn('theory-map')", "noise": "drawn('theory-variance-closed') || drawn('theory-variance')",
             "regularization": "drawn('theory-landscapes') || drawn('theory-coefficients')",
             "rates": "drawn('theory-rates')"}  # fmt: skip
    done = {"stability": "drawn('theory-plane') && drawn('theory-outer')",
            "noise": "drawn('theory-variance') && drawn('theory-tradeoff')",
            "regularization": "drawn('theory-accuracy')",
            "rates": "says('Pushkin and Barba')"}  # fmt: skip
    for instrument in ("stability", "noise", "regularization", "rates"):
        config = TheoryConfig(instrument=instrument)
        change = _nudged if instrument == "stability" else _seeded
        yield Case(f"Theory, {instrument}", _theory(config, change), first[instrument], done[instrument])
    for name in PRESETS:
        config = PRESETS[name].config
        change = _nudged if config.instrument == "stability" else _seeded
        yield Case(f"Theory, {name}", _theory(config, change), first[config.instrument], done[config.instrument])


def _views() -> Iterator[Case]:
    bowl = _steps("", "&surface=bowl")
    many = _steps("", "&surface=himmelblau")
    yield Case("Surfaces, 3D", many, "drawn('surfaces-3d')", act=_text("3D"))
    yield Case("Surfaces, seed cloud", bowl, "drawn('seed-cloud')", act=_text("Seed cloud"))
    yield Case(
        "Surfaces, basin map", many, "drawn('surfaces-basins_coarse') || drawn('surfaces-basins')",
        "drawn('surfaces-basins') && drawn('surfaces-difference')", act=_text("Basin map"),
    )  # fmt: skip
    yield Case(
        "Surfaces, basin map, 256 x 256", many, "drawn('surfaces-basins_coarse')",
        "drawn('surfaces-basins') && !shows('[data-stale=\"true\"]')", _then(_text("Basin map")), _text("256"),
    )  # fmt: skip
    yield Case(
        "Surfaces, tune each", bowl, "drawn('surfaces-tuning_curves')", "true", _then(_text("Tune each")),
        _button("Tune each"),
    )  # fmt: skip
    yield Case(
        "Surfaces, tune each, k and α too", bowl, "drawn('surfaces-tuning_curves')", "true",
        _then(_text("Tune each"), _text("Also search k and α")), _button("Tune each"),
    )  # fmt: skip
    yield Case(
        "Surfaces, side by side", many, "document.querySelectorAll('.st-key-surfaces-ground .subplot').length > 1",
        act=_text("Side by side"),
    )  # fmt: skip
    yield Case("Surfaces, predict", many, "says('Click on the surface where')", act=_text("Predict, then reveal"))
    yield Case("Games, predict", _steps("games"), "says('Click in the field where')", act=_text("Predict, then reveal"))
    yield Case("Games, side by side", _steps("games"),
        "document.querySelectorAll('.st-key-games-ground .subplot').length > 1", act=_text("Side by side"))  # fmt: skip
    yield Case(
        "GANs, slow motion, a turn", lambda _: "/gans", "says('D')", "drawn('gans-slow-motion')",
        act=_button("Step D alone"),
    )  # fmt: skip


def _then(*clicks: Callable[[Page], None]) -> Callable[[Page], None]:
    """One click after the other, each once the page is at rest."""

    def click(page: Page) -> None:
        for each in clicks:
            each(page)
            page.wait_for_timeout(700)
            wait_idle(page)

    return click


def _open_tab(name: str) -> Callable[[Page], None]:
    return _then(_text("Export and share"), lambda page: page.get_by_role("tab", name=name).click())


def _select(key: str, option: str) -> Callable[[Page], None]:
    def select(page: Page) -> None:
        box = page.locator(f".st-key-{key}").get_by_role("combobox")
        box.fill(option)
        box.press("Enter")

    return select


def _exports() -> Iterator[Case]:
    address = _steps("", "&surface=himmelblau")
    for kind in ("PNG", "SVG", "PDF"):
        before = _then(_open_tab("Figure"), _select("surfaces-figure-format", kind))
        yield _file(f"Export, {kind}", address, before, "Download figure")
    for kind in ("GIF", "MP4"):
        before = _then(_open_tab("Animation"), _select("surfaces-film-format", kind))
        made = "shows('.st-key-surfaces-film-download')"
        yield Case(f"Export, {kind}", address, made, before=before, act=_button("Make animation"))
    yield _file("Export, player HTML", address, _open_tab("Animation"), "Download player (HTML)")
    for label in ("CSV", "Parquet", "Settings (JSON)", "Interactive chart (HTML)"):
        yield _file(f"Export, {label}", address, _open_tab("Data"), label)
    made = "shows('.st-key-surfaces-bundle-download')"
    yield Case("Export, bundle", address, made, before=_open_tab("Data"), act=_button("Make bundle of everything"))
    yield _file("Export, script", address, _open_tab("Code"), "Download script")
    noise = _theory(PRESETS["Noise: three layers deep"].config, _seeded)
    yield _file("Export, PNG of Theory", noise, _open_tab("Figure"), "Download figure")
    made = "shows('.st-key-theory-bundle-download')"
    yield Case(
        "Export, bundle of Theory", noise, made, before=_open_tab("Data"), act=_button("Make bundle of everything")
    )
    card = "/lessons?v=1&lesson=noise&card=1"
    yield _file("Export, a lesson's sheet", lambda _: card, _button("Sheet to print"), "PDF")


def _file(name: str, address: Address, before: Callable[[Page], None], button: str) -> Case:
    def act(page: Page) -> None:
        page.get_by_role("button", name=button, exact=False).last.click()

    return Case(name, address, before=before, act=act, download=True)


def _trainings() -> Iterator[Case]:
    """On Networks and GANs with a seed of their own, then what can be opened where they are trained."""
    at = "/networks?v=1&seed=77"
    yield Case(
        "Networks, a training", lambda _: at, "drawn('networks-curves-1')",
        "drawn('networks-ground') && !says('Refining') && !says('is being computed')", rounds=1,
    )  # fmt: skip
    yield Case("Networks, a finished training", lambda _: at, "drawn('networks-curves-1')", "drawn('networks-ground')")
    for name, plane in (("through three ends", "ends"), ("random", "random"), ("one cycle", "cycle")):
        yield Case(
            f"Networks, plane, {name}", lambda _, plane=plane: f"{at}&plane={plane}", "drawn('networks-ground')",
            "says('loss on the plane,') && !says('Refining') && !says('is being computed')", rounds=1,
        )  # fmt: skip
    yield Case(
        "Networks, sharpness", lambda _: at, "shows('.st-key-networks-sharpness-table')",
        "!shows('.st-key-networks-sharpness-go, .st-key-networks-sharpness-cancel')",
        act=_button("Measure sharpness"), rounds=1,
    )  # fmt: skip
    yield _file("Export, PNG of Networks", lambda _: at, _open_tab("Figure"), "Download figure")
    made = "shows('.st-key-networks-bundle-download')"
    yield Case(
        "Export, bundle of Networks", lambda _: at, made, before=_open_tab("Data"),
        act=_button("Make bundle of everything"), rounds=1,
    )  # fmt: skip
    yield Case(
        "GANs, a training", lambda _: "/gans?v=1&seed=77", "drawn('gans-curves-1')",
        "drawn('gans-ground') && !says('Refining') && !says('is being computed')", rounds=1,
    )  # fmt: skip
    made = "shows('.st-key-gans-bundle-download')"
    yield Case(
        "Export, bundle of GANs", lambda _: "/gans?v=1&seed=77", made, before=_open_tab("Data"),
        act=_button("Make bundle of everything"), rounds=1,
    )  # fmt: skip


CASES = (*_pages(), *_theories(), *_views(), *_exports(), *_trainings())
