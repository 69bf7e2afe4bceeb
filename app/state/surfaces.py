"""The config of the Surfaces page."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from app.state.base import Finite, Seed
from app.state.cards import Comparison, default_cards
from app.state.formula import DEFAULT_DOMAIN, DEFAULT_FORMULA, OwnFormula, as_domain
from app.state.limits import current_limits
from app.state.starts import Starts, check_inside
from landscapes.noise import Noise
from landscapes.surfaces import SURFACES, Surface

MAX_STEPS = current_limits().steps

NoiseKind = Literal["none", "gaussian", "multiplicative", "student", "minibatch"]
NOISE_KINDS: tuple[str, ...] = get_args(NoiseKind)


OWN = "formula"  # the surface that is a visitor's own


class SurfacesConfig(OwnFormula, Comparison):
    """Everything that the Surfaces page shows."""

    v: Literal[1] = 1
    surface: str = "ravine"
    starts: Starts = ()
    noise: NoiseKind = "none"
    noise_scale: Finite = Field(1.0, ge=0, le=1000)
    noise_freedom: Finite = Field(3.0, gt=0, le=1000)
    noise_batches: int = Field(10, ge=2, le=100)
    noise_replacement: bool = False
    seed: Seed = 0
    steps: int = Field(500, ge=1, le=MAX_STEPS)
    target: Finite | None = None
    panels: bool = False

    @field_validator("surface")
    @classmethod
    def _is_a_surface_key(cls, value: str) -> str:
        if value not in SURFACES and value != OWN:
            raise ValueError(f"no such surface; choose one of {', '.join(SURFACES)}, {OWN}")
        return value

    @field_validator("starts")
    @classmethod
    def _inside(cls, value: tuple[tuple[float, float], ...], info: ValidationInfo) -> tuple[tuple[float, float], ...]:
        surface = SURFACES.get(info.data.get("surface", ""))
        domain = surface.domain if surface else as_domain(info.data.get("domain"))
        for place in value if "surface" in info.data else ():
            check_inside(place, domain)
        return value

    @model_validator(mode="before")
    @classmethod
    def _customary(cls, data: Any) -> Any:
        """Missing settings follow the surface: its customary start, lr, steps and noise."""
        surface = _surface_of(data) if isinstance(data, dict) else None
        if surface is None:
            return data
        customary: dict[str, Any] = {"starts": (surface.start,), "steps": surface.steps}
        if data.get("surface") == OWN:
            customary |= {"formula": DEFAULT_FORMULA, "domain": DEFAULT_DOMAIN, "parameters": ()}
        if surface.noise_scale and "noise" not in data:
            customary |= {"noise": "gaussian", "noise_scale": surface.noise_scale}
        return {"cards": default_cards(surface.lr)} | customary | data

    @property
    def teaches(self) -> str:
        """A line on the surface."""
        return self.landscape.teaches

    @property
    def landscape(self) -> Surface:
        """The surface chosen."""
        return self.own_surface() if self.surface == OWN else SURFACES[self.surface]

    def gradient_noise(self) -> Noise:
        """The gradient noise chosen, for the landscapes."""
        return Noise(
            kind=self.noise,
            scale=self.noise_scale,
            seed=self.seed,
            degrees_of_freedom=self.noise_freedom,
            batches=self.noise_batches,
            replacement=self.noise_replacement,
        )


def _surface_of(settings: dict[str, Any]) -> Surface | None:
    """The surface of settings before validation; None where there is none, or one that is refused later."""
    key = settings.get("surface", "ravine")
    if key != OWN:
        return SURFACES.get(key)
    try:
        return OwnFormula.model_validate({name: settings.get(name) for name in OwnFormula.model_fields}).own_surface()
    except ValueError:
        return None
