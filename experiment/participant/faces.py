"""The generative model behind simulated judgements of portraits. Its effects are known; no evidence.

A face is felt to be so happy and so angry; trust follows from both, and from the axis itself.
Judgements in points of the 0-100 line; the axis in units of the manifest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

AXIS = {"low": -2.0, "neutral": 0.0, "high": 2.0}  # as in the shipped manifest
MIDDLE = 50.0


class FaceParameters(BaseModel):
    """The section `faces` of `parameters.toml`, where each is explained."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", frozen=True)

    trust_slope: float = Field(ge=-20, le=20)
    trust_slope_sd: float = Field(ge=0, le=20)
    trust_by_happy: float = Field(ge=-2, le=2)
    trust_by_angry: float = Field(ge=-2, le=2)
    happy_slope: float = Field(ge=-20, le=20)
    angry_slope: float = Field(ge=-20, le=20)
    dominant_slope: float = Field(ge=-20, le=20)
    attractive_slope: float = Field(ge=-20, le=20)
    weight_slope: float = Field(ge=-20, le=20)
    clinician_sd: float = Field(ge=0, le=50)
    portrait_sd: float = Field(ge=0, le=50)
    rater_sd: float = Field(ge=0, le=50)
    trial_sd: float = Field(ge=0, le=50)

    @property
    def whole_trust_slope(self) -> float:
        """Points of trust a unit of the axis, what goes by way of happy and angry included."""
        return (
            self.trust_slope
            + self.trust_by_happy * self.happy_slope
            + self.trust_by_angry * self.angry_slope
        )


@dataclass
class FaceModel:
    """One simulated rater. What clinicians and portraits have of their own is the same for all."""

    parameters: FaceParameters
    rng: np.random.Generator

    def __post_init__(self) -> None:
        p, rng = self.parameters, self.rng
        self.trust_slope = float(rng.normal(p.trust_slope, p.trust_slope_sd))
        self._habits: dict[str, float] = {}  # how high this rater's answers to a question lie

    def judge(self, question: str, clinician: str, level: str) -> float:
        """The answer to a question about a portrait (0 to 100).

        One that the model doesn't know depends on clinician and chance alone.
        """
        if question not in self._habits:
            self._habits[question] = float(self.rng.normal(0.0, self.parameters.rater_sd))
        value = (
            MIDDLE
            + self._habits[question]
            + self.parameters.clinician_sd * _own(question, clinician)
            + self._felt(question, clinician, level)
            + float(self.rng.normal(0.0, self.parameters.trial_sd))
        )
        return min(max(value, 0.0), 100.0)

    def _felt(self, question: str, clinician: str, level: str) -> float:
        p, axis = self.parameters, AXIS[level]
        if question in ("trustworthy", "trust"):
            return (
                self.trust_slope * axis
                + p.trust_by_happy * self._felt("happy", clinician, level)
                + p.trust_by_angry * self._felt("angry", clinician, level)
            )
        slopes = {
            "happy": p.happy_slope,
            "angry": p.angry_slope,
            "dominant": p.dominant_slope,
            "attractive": p.attractive_slope,
            "weight": p.weight_slope,
        }
        return slopes.get(question, 0.0) * axis + p.portrait_sd * _own(question, clinician, level)


def _own(*names: str) -> float:
    """What is particular to a clinician or portrait, in SD: from the names, so the same for all."""
    digest = hashlib.sha256("|".join(("face", *names)).encode()).digest()
    return float(np.random.default_rng(int.from_bytes(digest[:8], "big")).normal())
