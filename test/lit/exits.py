# SPDX-License-Identifier: Apache-2.0
"""exits CODE COMMAND...: succeeds if COMMAND ends with exit code CODE."""
import subprocess
import sys

wanted = int(sys.argv[1])
code = subprocess.run(sys.argv[2:], check=False).returncode
if code != wanted:
    sys.exit(f'exit code {code}, wanted {wanted}')
