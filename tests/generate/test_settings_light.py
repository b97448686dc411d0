"""Config validation reads the settings, so they import nothing heavy."""

from __future__ import annotations

import subprocess
import sys


def test_no_torch():
    code = "import sys, vidcap_core.contracts.generate_settings; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
