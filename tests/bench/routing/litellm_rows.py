"""LiteLLM's own routers in our worlds; run by the Python that has LiteLLM, one JSON line a job.

Their package picks (`Router.async_get_available_deployment`, `AdaptiveRouter.pick_model`); we only
tell it prices, seconds and which outputs were kept. A job {"seed", "silent", "tasks", "rounds"} is
answered with {strategy: [cost per approved by batch size]}, a job {"models", "picks"} with seconds
per pick by strategy. Needs numpy beside LiteLLM and this repository on PYTHONPATH.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
logging.disable(logging.CRITICAL)

import litellm  # noqa: E402 - it reads the variable above when it is imported
from litellm import Router  # noqa: E402
from litellm.router_strategy.adaptive_router.adaptive_router import AdaptiveRouter  # noqa: E402
from litellm.router_strategy.adaptive_router.bandit import apply_delta  # noqa: E402
from litellm.types.router import (  # noqa: E402
    AdaptiveRouterConfig,
    AdaptiveRouterPreferences,
    RequestType,
)
from rivals import BATCHES, Rival, adaptive_priors, seconds_taken  # noqa: E402

from routing.market import market  # noqa: E402
from routing.worlds import Pick, Work, World, play  # noqa: E402

MESSAGES = [{"role": "user", "content": "a picture of the product"}]
STRATEGIES = {
    "simple-shuffle": "simple-shuffle",
    "cost-based": "cost-based-routing",
    "latency-based": "latency-based-routing",
}
LOOP = asyncio.new_event_loop()


def wait(work: Coroutine[Any, Any, Any]) -> Any:
    return LOOP.run_until_complete(work)


def deployment(group: str, name: str, price: float) -> dict[str, Any]:
    """A deployment as LiteLLM wants it; its price goes in as price per token."""
    return {
        "model_name": group,
        "litellm_params": {
            "model": f"openai/{name}",
            "api_key": "none",
            "input_cost_per_token": price / 2,
            "output_cost_per_token": price / 2,
        },
        "model_info": {"id": name},
    }


class Shipped(Rival):
    """One of LiteLLM's deployment strategies; a stage is a model group."""

    def __init__(self, world: World, count: int, strategy: str) -> None:
        super().__init__(world, count)
        self.strategy = strategy
        self.groups = [kind.stage for kind in world.kinds]
        self.place = {card.key: place for place, card in enumerate(world.cards)}
        self.same: dict[str, int] = {}
        stages = dict.fromkeys(self.groups)
        self.router = Router(
            model_list=[
                deployment(stage, world.cards[m].key, self.prices[m] / 1e6)
                for stage in stages
                for m in world.able[self.groups.index(stage)]
            ],
            routing_strategy=STRATEGIES[strategy],
        )

    def pick(self, work: Work) -> int:
        group = self.groups[work.kind]
        if self.strategy != "cost-based":
            return self.ask(group)
        # Nothing it looks at ever changes here, so its answer cannot: it is asked once a stage.
        if group not in self.same:
            self.same[group] = self.ask(group)
        return self.same[group]

    def ask(self, group: str) -> int:
        taken = wait(
            self.router.async_get_available_deployment(
                model=group, request_kwargs={}, messages=MESSAGES
            )
        )
        return self.place[taken["model_info"]["id"]]

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        if self.strategy != "latency-based":
            return
        self.router.lowestlatency_logger.log_success_event(
            {
                "litellm_params": {
                    "metadata": {"model_group": self.groups[work.kind]},
                    "model_info": {"id": self.world.cards[pick.model].key},
                }
            },
            None,
            0.0,
            seconds_taken(self.world, work, pick),
        )


class ShippedAdaptive(Rival):
    """The Adaptive Router (beta), one a stage, its request types standing for our kinds."""

    def __init__(self, world: World, count: int) -> None:
        super().__init__(world, count)
        self.place = {card.key: place for place, card in enumerate(world.cards)}
        tiers, strengths = adaptive_priors(world)
        self.types: dict[int, RequestType] = {}
        self.routers: dict[str, AdaptiveRouter] = {}
        for stage in dict.fromkeys(kind.stage for kind in world.kinds):
            kinds = [k for k, kind in enumerate(world.kinds) if kind.stage == stage]
            self.types.update(zip(kinds, RequestType, strict=False))
            models = world.able[kinds[0]]
            keys = {m: world.cards[m].key for m in models}
            self.routers[stage] = AdaptiveRouter(
                router_name=stage,
                config=AdaptiveRouterConfig(available_models=list(keys.values())),
                model_to_prefs={
                    keys[m]: AdaptiveRouterPreferences(
                        quality_tier=tiers[m],
                        strengths=[self.types[k] for k in kinds if k in strengths[m]],
                    )
                    for m in models
                },
                model_to_cost={keys[m]: self.prices[m] / 1e6 for m in models},
            )

    def pick(self, work: Work) -> int:
        router = self.routers[self.world.kinds[work.kind].stage]
        return self.place[wait(router.pick_model(self.types[work.kind]))]

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        # Its public door takes chat turns and guesses; keeps and rejects are put in by its own
        # rule, which is kinder.
        router = self.routers[self.world.kinds[work.kind].stage]
        cell = (self.types[work.kind], self.world.cards[pick.model].key)
        router._cells[cell] = apply_delta(
            router.cell(*cell), float(approved), float(pick.count - approved)
        )


def economy(job: dict[str, Any]) -> dict[str, list[float]]:
    """Cost per approved asset of every strategy and batch size in one world."""
    world = market(job["seed"], tasks=job["tasks"], silent_update=job["silent"])
    found: dict[str, list[float]] = {}
    for name in (*STRATEGIES, "Adaptive Router"):
        found[name] = []
        for count in BATCHES:
            random.seed(world.seed * 7919 + count)
            rival: Rival
            if name in STRATEGIES:
                rival = Shipped(world, count, name)
            else:
                rival = ShippedAdaptive(world, count)
            found[name].append(play(world, rival, rounds=job["rounds"]).per_approved)
    return found


def speed(job: dict[str, Any]) -> dict[str, list[float]]:
    """Seconds of every pick among `models` deployments of one group."""
    names = [f"m{i}" for i in range(job["models"])]
    prices = {name: 0.01 + 0.001 * i for i, name in enumerate(names)}
    picks: dict[str, Callable[[], object]] = {}
    for name, strategy in STRATEGIES.items():
        router = Router(
            model_list=[deployment("stage", n, prices[n]) for n in names],
            routing_strategy=strategy,
        )
        picks[name] = lambda router=router: wait(
            router.async_get_available_deployment(
                model="stage", request_kwargs={}, messages=MESSAGES
            )
        )
    adaptive = AdaptiveRouter(
        router_name="stage",
        config=AdaptiveRouterConfig(available_models=names),
        model_to_prefs={},
        model_to_cost=prices,
    )
    picks["Adaptive Router"] = lambda: wait(adaptive.pick_model(RequestType.GENERAL))
    found: dict[str, list[float]] = {}
    for name, pick in picks.items():
        pick()
        found[name] = []
        for _ in range(job["picks"]):
            begun = time.perf_counter()
            pick()
            found[name].append(time.perf_counter() - begun)
    return found


def main() -> None:
    """Answer jobs from standard input until it ends; the first line names the version."""
    answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps({"litellm": version()}), file=answers, flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        answer = speed(job) if "models" in job else economy(job)
        print(json.dumps(answer), file=answers, flush=True)


def version() -> str:
    return str(getattr(litellm, "__version__", "")) or litellm._version.version


if __name__ == "__main__":
    main()
