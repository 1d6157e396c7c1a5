"""Standing rules: what runs without asking, written and ended by managers, read by all."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from campaigns import permissions
from campaigns.actions import standing
from campaigns.forms.budget import RuleForm
from campaigns.queries import access
from campaigns.queries import rules as reads
from campaigns.views.base import TeamRequest, in_team
from campaigns.views.budget import done, form_page, page_of


@in_team
def rules(request: TeamRequest) -> HttpResponse:
    """Add a rule (POST), or the form on a page of its own."""
    permissions.check_can_set_budget(request.roles)
    sent = request.POST if request.method == "POST" else None
    form = RuleForm(sent, team=request.team, auto_id="rule-%s")
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        try:
            rule = standing.add(
                team=request.team,
                tier=values["tier"],
                day_micros=values["day"],
                campaign=values["campaign"],
                person=values["person"],
                by=request.user,
            )
        except standing.BadRule as error:
            form.refuse(error.text, error.field)
        else:
            text = f"From now on without asking: {reads.words(rule)}."
            return done(request, text, f"{page_of(request, rule.campaign_id)}#rules")
    return form_page(request, "rule", form, title="Add a standing rule")


@require_POST
@in_team
def end(request: TeamRequest, pk: int) -> HttpResponse:
    """End a rule; what it let through stays."""
    rule = access.standing_rule(request.team, pk)
    standing.end(rule=rule, by=request.user)
    text = f"Ended: {reads.words(rule)}. Such runs ask again."
    return done(request, text, f"{page_of(request, rule.campaign_id)}#rules")
