"""Kernel configurations: read, compared, required. What scripts/kernel-config,
guest/linux/check-config and guest/linux/modules-for share."""


class KconfError(Exception):
    """What the user gave cannot be used; the text is one line."""
