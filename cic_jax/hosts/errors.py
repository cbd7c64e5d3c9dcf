"""The error of hosts that cannot train together."""


class HostsError(ValueError):
    """Hosts that do not find each other, differ, or have lost one of them."""
