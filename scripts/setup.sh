#!/usr/bin/env bash
# Makes the environment: scripts/setup.sh PYTHON VENV. Needs PyPI. Half a minute to a minute, 1 GB.
set -euo pipefail
python=${1:-python3} venv=${2:-.venv}

if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
  echo "setup: Python 3.11 to 3.14 is needed; found: $("$python" --version 2>&1 || echo none). Name one: make PYTHON=/path/to/python3.11" >&2
  exit 2
fi
echo "setup: environment in $venv with $("$python" --version) (half a minute to a minute, downloads about 350 MB)"
make_environment() { "$python" -m venv "$venv" >/dev/null 2>&1; }
if ! make_environment; then
  # Debian keeps ensurepip in a package of its own.
  package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
  echo "setup: this Python cannot make environments yet: trying apt-get install $package"
  if [ "$(id -u)" = 0 ]; then
    { apt-get update -qq && apt-get install -qq --no-install-recommends "$package"; } >/dev/null 2>&1 || true
  fi
  rm -rf "$venv"
  if ! make_environment; then
    echo "setup: still no environment. As root: apt-get install $package; then again: make setup" >&2
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
if ! PATH=$PATH:/usr/sbin command -v mosquitto >/dev/null && [ "$(id -u)" = 0 ]; then
  # The tests of live sensors want a real MQTT broker; without one they are passed over. It must not begin to serve here.
  echo "setup: trying apt-get install mosquitto (an MQTT broker, for tests)"
  { apt-get update -qq; RUNLEVEL=1 apt-get install -qq --no-install-recommends mosquitto; } >/dev/null 2>&1 || true
fi
echo "setup: done"
