"""What there is to say of a run at each of its steps: one line under the player, from the run and from theory.

A rule is a function that looks at a run and gives what it observed; each page has a tuple of rules. Of all that holds
at a step, the player shows the observation of the highest priority.
"""

from app.figures.narration.games import game_narration
from app.figures.narration.layers import training_narration
from app.figures.narration.observation import Observation, timeline
from app.figures.narration.surfaces import surface_narration

__all__ = ["Observation", "game_narration", "surface_narration", "timeline", "training_narration"]
