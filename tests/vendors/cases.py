"""Every fault that is played, by vendor and step."""

from __future__ import annotations

from tests.vendors.play import Case

EVER = 99


def _each(
    vendors: str, step: str, *faults: str, then: str = "", also: str = "", **values: int
) -> list[Case]:
    found = []
    for vendor in vendors.split():
        for text in faults:
            name, _, often = text.partition("*")
            times = {"": 1, "ever": EVER}.get(often) or int(often)
            found.append(Case(vendor, step, name, values.get(name), times, then, also))
    return found


ALL = "fal replicate google"
QUEUED = "fal replicate"
CASES: tuple[Case, ...] = (
    *_each(ALL, "submit", ""),
    # nothing arrived, or nothing was accepted
    *_each(ALL, "submit", "drop_before_accept", "http_429*2", "http_429*ever", "http_401",
           "http_402", "http_404", "http_500", "http_503_nginx", "refused", "invalid"),
    # accepted, and the answer is lost
    *_each(ALL, "submit", "accept_then_drop", "accept_then_hang", "accept_then_503",
           "broken_json", accept_then_hang=1),
    *_each(ALL, "submit", "slow_drip", slow_drip=1),
    *_each(QUEUED, "submit", "no_id"),
    *_each("fal", "token", "http_500*2", "http_500*ever", "accept_then_drop"),
    *_each("fal", "upload", "http_500*2", "accept_then_drop"),
    # while it works
    *_each(QUEUED, "status", "drop_before_accept*3", "http_429*3", "http_500*3", "http_503_nginx*3",
           "http_401*2", "http_404*ever", "broken_json*3", "accept_then_drop*3"),
    *_each(QUEUED, "job", "never_starts", "never_done", "unknown_status", "result_gone"),
    # how it ends
    *_each(QUEUED, "job", "fails_500", "fails_timeout", "fails_refused", "fails_input", "no_media",
           "empty_output", "fewer_outputs", "more_outputs", "wrong_size"),
    *_each("fal", "job", "fails_invalid", "fails_billed"),
    # its state names no reason, so only the result does
    *_each("fal", "job", "fails_500", "fails_invalid", "fails_billed", also="no_type"),
    *_each("fal", "job", "nsfw_all", "nsfw_one", "fails_in_result"),
    *_each("replicate", "job", "aborted", "data_removed"),
    *_each("google", "submit", "output_blocked", "no_media", "text_only", "bad_base64",
           "media_html", "media_truncated"),
    *_each("fal", "result", "drop_before_accept*2", "http_500*2", "broken_json*2", "http_404*ever",
           "result_url_inner", "result_url_foreign", "result_url_file"),
    # a ComfyUI of one's own: nothing is billed, and a lost answer is found by our own id
    *_each("comfyui", "submit", "", "drop_before_accept", "accept_then_drop", "accept_then_503",
           "broken_json", "http_500", "http_429*2", "http_401", "missing_model", "invalid"),
    *_each("comfyui", "status", "http_500*3", "drop_before_accept*3", "broken_json*3"),
    *_each("comfyui", "job", "never_done", "never_starts", "fails_500", "out_of_memory",
           "interrupted", "forgotten", "empty_output"),
    *_each("comfyui", "view", "http_500*2", "gone*ever", "media_html*ever"),
    *_each("comfyui", "job", "never_done", then="cancel"),
    # the files; how they are brought in is one piece of code for all
    *_each("fal", "media", "drop_before_accept*2", "http_500*2", "http_429*2", "http_500*ever",
           "http_404*ever", "http_404", "http_410*ever", "media_html*ever", "media_html",
           "media_svg*ever", "media_truncated*ever", "media_truncated", "media_cut_off*2",
           "media_empty*ever", "media_bomb*ever", "media_lies_about_length*2", "media_endless*ever",
           "media_polyglot*ever", "redirect_inner*ever", "redirect_foreign*ever",
           "redirect_loop*ever"),
    *_each("replicate", "media", "http_500*ever", "http_404", "media_html"),
    # a person cancels meanwhile
    *_each(QUEUED, "job", "never_starts", "never_done", "cancel_ignored", then="cancel"),
    # it says that it has ended, or that there is no such work, and has made and billed it
    *_each("fal", "cancel", "http_400*ever", "http_404*ever", then="cancel"),
    *_each(QUEUED, "status", "http_500*4", then="cancel"),
    *_each(QUEUED, "media", "http_500*4", then="cancel"),
    *_each(ALL, "submit", "accept_then_drop", then="cancel"),
    # the vendor's message: it heals a lost answer, and changes nothing when it is not the vendor's
    *_each(QUEUED, "submit", "", "accept_then_drop", then="hook"),
    *_each(QUEUED, "job", "hook_twice", "fails_500", then="hook"),
    *_each("fal", "job", "hook_null", "hook_twice", "hook_forged", "hook_stale", "hook_foreign",
           then="hook", also="accept_then_drop"),
    # replayed, out of order, too late, and sooner than the answer to the submission
    *_each(QUEUED, "submit", "", then="replay"),
    *_each(QUEUED, "submit", "", then="late"),
    *_each(QUEUED, "job", "fails_500", then="late"),
    *_each(QUEUED, "job", "cancel_ignored", then="cancel_late"),
    *_each(QUEUED, "submit", "hook_first", then="first"),
    *_each(QUEUED, "submit", "hook_first", then="first", also="accept_then_drop"),
    # cancelled, and the provider does not know the work any more: what it took counts as billed
    *_each(QUEUED, "status", "http_404*ever", then="cancel"),
)  # fmt: skip
