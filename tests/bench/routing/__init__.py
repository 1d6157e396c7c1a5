"""The routing benchmark: simulated worlds, rivals, and the real decision code among them."""
