"""An accepted calibration: which temperatures give which ratings, and on which skin sites."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from conditions.strict import Celsius, FromList, ScalePosition, StrictModel

SiteNumber = Annotated[int, Field(ge=1, le=20)]


class TargetTemperature(StrictModel):
    """The temperature that gives a rating, with its 90 % interval; degrees Celsius."""

    rating: ScalePosition
    temperature: Celsius
    low: Celsius
    high: Celsius


class SiteResidual(StrictModel):
    """How far a skin site's ratings lie from the fit (root mean square, points of the scale)."""

    site: SiteNumber
    residual: Annotated[float, Field(ge=0, le=100)]


class Calibration(StrictModel):
    """What a calibration came to, as the experimenter accepted it.

    `sites` are those chosen for the runs, in the order of the runs; `spare_sites` serve repeated
    runs, the first one first.
    """

    study: str
    scale: Literal["vas", "glms"]
    method: Literal["fixed", "adaptive", "by_hand"]
    targets: Annotated[tuple[TargetTemperature, ...], Field(strict=False, min_length=1)]
    residuals: Annotated[tuple[SiteResidual, ...], FromList]
    sites: Annotated[tuple[SiteNumber, ...], Field(strict=False, min_length=1)]
    spare_sites: Annotated[tuple[SiteNumber, ...], FromList]

    @model_validator(mode="after")
    def _sites_are_different(self) -> Calibration:
        sites = [*self.sites, *self.spare_sites]
        if len(set(sites)) < len(sites):
            raise ValueError("sites and spare_sites name a site twice, but must all be different")
        return self

    def temperature_for(self, rating: float) -> float:
        """The temperature of a target. Raises ValueError if the calibration didn't aim at it."""
        for target in self.targets:
            if target.rating == rating:
                return target.temperature
        aimed = ", ".join(f"{target.rating:g}" for target in self.targets)
        raise ValueError(
            f"the calibration aimed at ratings of {aimed}, but the study needs {rating:g}: "
            "calibrate with this study, or use its fixed temperatures"
        )
