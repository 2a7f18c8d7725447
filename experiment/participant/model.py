"""The generative model behind simulated ratings. Its effects are known; it's no evidence.

Only this file knows how a simulated person feels; `experiment.participant.simulated` moves the
cursor. Temperatures in degrees Celsius, ratings in points of the 0-100 scale.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from experiment.participant.faces import FaceParameters

LEVEL_AT_THRESHOLD = 40.0  # points at `threshold_c`, by the definition in the parameters' file
HABITUATION_AT_C = 47.0  # temperature for which `habituation_points` is stated


class Parameters(BaseModel):
    """The parameters' file, `parameters.toml`, where each is explained."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", frozen=True)

    name: str
    threshold_c: float = Field(ge=40, le=50)
    threshold_sd_c: float = Field(ge=0, le=3)
    slope_lowest: float = Field(gt=0, le=100)
    slope_highest: float = Field(gt=0, le=100)
    trust_effect: float = Field(ge=-50, le=50)
    trust_effect_sd: float = Field(ge=0, le=50)
    identity_sd: float = Field(ge=0, le=50)
    identity_trust_sd: float = Field(ge=0, le=50)
    intercept_sd: float = Field(ge=0, le=50)
    trial_sd: float = Field(ge=0, le=50)
    site_sd_c: float = Field(ge=0, le=3)
    habituation_points: float = Field(ge=0, le=50)
    habituation_stimuli: float = Field(gt=0, le=100)
    sensitisation_points: float = Field(ge=0, le=5)
    unpleasantness_slope: float = Field(ge=0, le=5)
    unpleasantness_intercept: float = Field(ge=-50, le=50)
    unpleasantness_sd: float = Field(ge=0, le=50)
    missing_rate: float = Field(ge=0, le=1)
    unconfirmed_rate: float = Field(ge=0, le=1)
    reaction_s: float = Field(gt=0, le=10)
    reaction_sd_log: float = Field(ge=0, le=3)
    dwell_s: float = Field(ge=0, le=10)
    faces: FaceParameters


def stream(seed: int, label: str) -> np.random.Generator:
    """The random numbers of one simulated participant, from the session's seed and the label."""
    digest = hashlib.sha256(f"simulated participant|{seed}|{label}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


@dataclass
class PainModel:
    """One simulated person: drawn once, remembers what was done to the skin.

    `identities` are drawn from their own stream, since they are the same for all participants.
    """

    parameters: Parameters
    rng: np.random.Generator
    sites: dict[int, float] = field(default_factory=dict)
    stimuli: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        p, rng = self.parameters, self.rng
        self.threshold_c = float(rng.normal(p.threshold_c, p.threshold_sd_c))
        self.slope = float(rng.uniform(p.slope_lowest, p.slope_highest))
        self.intercept = float(rng.normal(0.0, p.intercept_sd))
        self.trust_effect = float(rng.normal(p.trust_effect, p.trust_effect_sd))

    def curve(self, temperature: float, site_shift_c: float = 0.0) -> float:
        """Mean intensity at a temperature on fresh skin, without trust or person's intercept."""
        level = LEVEL_AT_THRESHOLD / 100.0
        steepness = self.slope / (100.0 * level * (1.0 - level))
        middle = self.threshold_c + site_shift_c - math.log(level / (1.0 - level)) / steepness
        return 100.0 / (1.0 + math.exp(-steepness * (temperature - middle)))

    def feel(
        self, temperature: float, site: int, clinician: str | None, trust: str | None
    ) -> float:
        """Take one stimulus, and return its intensity (0 to 100)."""
        p = self.parameters
        if site not in self.sites:
            self.sites[site] = float(self.rng.normal(0.0, p.site_sd_c))
        on_site, before = self.stimuli.get(site, 0), sum(self.stimuli.values())
        self.stimuli[site] = on_site + 1
        worn_off = 1.0 - math.exp(-on_site / p.habituation_stimuli)
        growth = max(0.0, (temperature - 43.0) / (HABITUATION_AT_C - 43.0))
        intensity = (
            self.curve(temperature, self.sites[site])
            + self.intercept
            + self._trust(clinician, trust)
            - p.habituation_points * growth * worn_off
            + p.sensitisation_points * before
            + float(self.rng.normal(0.0, p.trial_sd))
        )
        return min(max(intensity, 0.0), 100.0)

    def unpleasantness(self, intensity: float) -> float:
        """Unpleasantness of a stimulus of this intensity (0 to 100)."""
        p = self.parameters
        value = p.unpleasantness_intercept + p.unpleasantness_slope * intensity
        return min(max(value + float(self.rng.normal(0.0, p.unpleasantness_sd)), 0.0), 100.0)

    def _trust(self, clinician: str | None, trust: str | None) -> float:
        if clinician is None or trust is None:
            return 0.0
        own = np.random.default_rng(
            int.from_bytes(hashlib.sha256(f"identity|{clinician}".encode()).digest()[:8], "big")
        )
        level, slope = own.normal(0.0, 1.0, 2)
        effect = self.trust_effect + float(slope) * self.parameters.identity_trust_sd
        side = {"low": 0.5, "high": -0.5}.get(trust, 0.0)
        return float(level) * self.parameters.identity_sd + side * effect


# The gLMS of the same percept: a power function through the two pairs of targets that the study
# states (40 and 65 on the VAS, 17 and 35 on the gLMS).
_EXPONENT = math.log(35.0 / 17.0) / math.log(65.0 / 40.0)


def on_glms(vas: float) -> float:
    """The place on the gLMS of what would be `vas` on the visual analogue scale."""
    return min(100.0, 17.0 * (vas / 40.0) ** _EXPONENT)
