"""Audit verbs in a person's words. Pure; an unknown verb shows as it is."""

from __future__ import annotations

WORDS = {
    "approval.approve": "approved spend",
    "approval.ask": "asked for spend",
    "approval.decline": "declined spend",
    "approval.withdraw": "took a request back",
    "ad_set.create": "added an ad set",
    "asset.archive": "archived an asset",
    "asset.ready": "made an asset ready",
    "brief.create": "started a brief",
    "budget.freeze": "froze a tier",
    "budget.set": "set a tier's budget",
    "budget.thaw": "opened a tier again",
    "campaign.archive": "archived a campaign",
    "campaign.ceiling": "changed what runs without asking",
    "campaign.create": "set up a campaign",
    "campaign.restore": "opened a campaign again",
    "candidate.judge": "judged a candidate",
    "candidate.undo": "took a judgment back",
    "crop.move": "moved a crop",
    "crop.reset": "put a crop back to automatic",
    "export.ready": "finished a package",
    "export.request": "asked for a package",
    "gate.pass": "passed a gate",
    "gate.undo": "opened a gate again",
    "media.upload": "uploaded a file",
    "model.change": "changed a model",
    "people.invite": "invited somebody",
    "people.join": "joined the team",
    "people.roles": "changed roles",
    "run.cancel": "cancelled work",
    "run.fail": "work failed",
    "run.finish": "work finished",
    "run.reject_all": "rejected a batch",
    "run.start": "started work",
    "run.undo": "took work back",
    "stage.back": "sent an asset back",
    "stage.skip": "moved an asset on",
    "team.change": "changed the team's settings",
    "team.create": "made the team",
}


def sentence(verb: str) -> str:
    """What happened, such as "passed a gate"."""
    return WORDS.get(verb, verb)
