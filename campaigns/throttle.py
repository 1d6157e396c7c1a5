"""How many calls a provider gets at one time, for whom, and when it gets none.

All of it stands in Redis and may be lost: then a call too many is sent, or one more is refused for
nothing. Nothing here may raise because Redis is away, and it decides nothing about a row.

- Places: at most so many calls at a provider. A team gets its share while others wait, and work a
  person waits for goes before the machine's own checks.
- Rest: after "too many requests" nobody calls before the time the provider named.
- Breaker: after failures in a row the provider is left alone for a while, longer each time, and
  then tried again. A key that is not accepted stops it until somebody tries the key.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from campaigns import redis_link

log = logging.getLogger(__name__)

FAILURES = 5
WITHIN_S = 120
FIRST_REST_S = 30
LONGEST_REST_S = 600
ACCOUNT_S = 24 * 3600
PLACE_S = 1800  # a place nobody gave back is free again
WAITS_S = 60  # who has not asked again since then does not wait any more
ASK_AGAIN_S = 3.0

# KEYS places, waiting, rest. ARGV now, limit, team, attempt, "1" for a person's work, place_s,
# waits_s. Gives 1 when the attempt has a place.
_ENTER = """
local now, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local me = ARGV[3] .. ':' .. ARGV[4]
local waiting = ARGV[5] .. ':' .. me
if redis.call('ZSCORE', KEYS[1], me) then
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[6]), me)
  return 1
end
local teams, mine, count, held = {}, 0, 0, 0
local function see(team)
  if not teams[team] then teams[team] = true; count = count + 1 end
end
see(ARGV[3])
for _, one in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local team = string.match(one, '^[^:]+')
  see(team)
  held = held + 1
  if team == ARGV[3] then mine = mine + 1 end
end
local others, person = false, false
for _, one in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local kind, team = string.match(one, '^(%d):([^:]+)')
  see(team)
  if team ~= ARGV[3] then others = true end
  if kind == '1' and one ~= waiting then person = true end
end
local share = math.max(1, math.floor(limit / count))
local free = held < limit and redis.call('EXISTS', KEYS[3]) == 0
if free and (mine < share or not others) and (ARGV[5] == '1' or not person) then
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[6]), me)
  redis.call('ZREM', KEYS[2], waiting)
  return 1
end
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[7]), waiting)
return 0
"""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a provider is left alone. `is_account`: until somebody tries the key."""

    text: str
    is_account: bool
    until: float


def _key(what: str, provider: str) -> str:
    return f"switchyard:{what}:{provider}"


def _redis() -> Redis:
    return redis_link.connection()


def enter(*, provider: str, team: int, attempt: int, is_for_person: bool) -> bool:
    """Take a place for an attempt; True when it has one, also when it had it before."""
    keys = [_key(what, provider) for what in ("places", "waiting", "rest")]
    try:
        got = _redis().eval(
            _ENTER, len(keys), *keys, time.time(), settings.CALLS_AT_ONCE, team, attempt,
            int(is_for_person), PLACE_S, WAITS_S,
        )  # fmt: skip
    except (RedisError, OSError) as error:
        log.warning("nobody counts the calls to %s: %s", provider, error)
        return True
    return int(str(got)) == 1


def leave(*, provider: str, team: int, attempt: int) -> None:
    """Give the place back. Doing it again changes nothing."""
    try:
        _redis().zrem(_key("places", provider), f"{team}:{attempt}")
    except (RedisError, OSError) as error:
        log.debug("the place of %s at %s runs out by itself: %s", attempt, provider, error)


def rest(*, provider: str, seconds: float) -> None:
    """Nobody calls the provider before then: it said that it has too much to do."""
    try:
        _redis().set(_key("rest", provider), 1, px=max(1, round(min(seconds, 600) * 1000)))
    except (RedisError, OSError) as error:
        log.warning("the rest of %s could not be noted: %s", provider, error)


def failed(*, provider: str) -> bool:
    """A call ended without a usable answer. True when that stopped the provider."""
    try:
        redis = _redis()
        count = redis.incr(_key("failures", provider))
        redis.expire(_key("failures", provider), WITHIN_S)
        if int(str(count)) < FAILURES:
            return False
        rounds = int(str(redis.incr(_key("rounds", provider))))
        redis.expire(_key("rounds", provider), 4 * LONGEST_REST_S)
        redis.delete(_key("failures", provider))
        seconds = min(FIRST_REST_S * 2 ** (rounds - 1), LONGEST_REST_S)
        text = f"did not answer {FAILURES} times in a row"
        return _stop(redis, provider, text, seconds=seconds, is_account=False)
    except (RedisError, OSError) as error:
        log.warning("a failure of %s could not be noted: %s", provider, error)
        return False


def worked(*, provider: str) -> None:
    """A call was answered: what failed before does not count any more."""
    try:
        _redis().delete(
            _key("failures", provider), _key("rounds", provider), _key("stop", provider)
        )
    except (RedisError, OSError) as error:
        log.debug("a success of %s could not be noted: %s", provider, error)


def stop_account(*, provider: str, text: str) -> bool:
    """The key is not accepted: no more calls by anybody. True for the first who says so."""
    try:
        return _stop(_redis(), provider, text, seconds=ACCOUNT_S, is_account=True)
    except (RedisError, OSError) as error:
        log.warning("%s could not be stopped: %s", provider, error)
        return False


def _stop(redis: Redis, provider: str, text: str, *, seconds: float, is_account: bool) -> bool:
    said = json.dumps({"text": text, "account": is_account, "until": time.time() + seconds})
    is_new = redis.set(_key("stop", provider), said, px=round(seconds * 1000), nx=True)
    return bool(is_new)


def stopped(providers: Iterable[str]) -> Mapping[str, Stop]:
    """Which of the providers are left alone now, and why."""
    asked = list(providers)
    if not asked:
        return {}
    try:
        found: Any = _redis().mget([_key("stop", one) for one in asked])
    except (RedisError, OSError) as error:
        log.debug("nobody says which provider is stopped: %s", error)
        return {}
    return {
        provider: _read(json.loads(said))
        for provider, said in zip(asked, found, strict=True)
        if said
    }


def _read(said: Mapping[str, Any]) -> Stop:
    return Stop(str(said["text"]), bool(said["account"]), float(said["until"]))
