"""The stages of the line in order: the one list that everything else walks."""

from campaigns.stages import animate, edit, generation, polish, qa
from campaigns.stages.base import StageModule, as_stage

PIPELINE: tuple[StageModule, ...] = tuple(
    as_stage(module) for module in (generation, edit, polish, animate, qa)
)
BY_KEY: dict[str, StageModule] = {str(stage.KEY): stage for stage in PIPELINE}

__all__ = ["BY_KEY", "PIPELINE"]
