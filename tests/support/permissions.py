"""Have permissions of files count in a test that runs as root, as in a container."""

from __future__ import annotations

import ctypes
import os

_DROP_BOUND = 24
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


def without_might() -> None:
    """Have permissions of files count for root as well, from the next program on.

    For ``subprocess.run(preexec_fn=...)``.
    """
    if os.geteuid() == 0:
        for might in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            if ctypes.CDLL(None).prctl(_DROP_BOUND, might) != 0:
                raise OSError("capabilities cannot be dropped")
