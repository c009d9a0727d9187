#!/usr/bin/env bash
# Makes the environment: scripts/setup.sh PYTHON VENV. Needs PyPI. About a minute and 700 MB.
set -euo pipefail
python=${1:-python3} venv=${2:-.venv}

if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
  echo "setup: Python 3.11 to 3.14 is needed; found: $("$python" --version 2>&1 || echo none). Name one: make PYTHON=/path/to/python3.11" >&2
  exit 2
fi
echo "setup: environment in $venv with $("$python" --version) (about 1 minute, downloads about 250 MB once)"
if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
  # Debian keeps ensurepip in a package of its own; virtualenv needs only pip.
  if ! { "$python" -m pip install --quiet --user virtualenv && "$python" -m virtualenv --quiet "$venv"; } 2>/dev/null; then
    echo "setup: this Python cannot make environments. On Debian or Ubuntu: apt-get install python3-venv" >&2
    exit 2
  fi
fi
export PYTHONWARNINGS=ignore  # setuptools lectures on editable installs
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet --quiet)
"${pip[@]}" install --upgrade "pip>=24"
"${pip[@]}" install --editable ".[dev]"
if ! "$venv/bin/python" -c 'import cv2' 2>/dev/null; then
  # opencv-python wants libGL and libglib from the system; the headless build of the same version does not.
  version=$("${pip[@]}" show opencv-python | sed -n 's/^Version: //p')
  echo "setup: this machine has no libGL/libglib: taking opencv-python-headless in the place of opencv-python"
  "${pip[@]}" install --no-deps --force-reinstall "opencv-python-headless==$version" ||
    "${pip[@]}" install --no-deps --force-reinstall "opencv-python-headless>=4.10,<6"
  "$venv/bin/python" -c 'import cv2'
fi
echo "setup: done"
