"""One local server that speaks the HTTP of fal, Replicate, Gemini and ComfyUI, with every fault.

with StandIn() as server:
    server.base, server.fault("fal", "submit", "accept_then_drop"), server.charges("fal")
"""

from tests.stand_in.server import StandIn

__all__ = ["StandIn"]
