#!/usr/bin/env bash
# Chromium for the tests of the console's pages, where this machine lets us install it; without one they skip and say so.
set -euo pipefail
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "browser: no Chromium here; the tests of the console's pages in a browser will skip (as root: apt-get install chromium)"
  exit 0
fi
echo "browser: apt-get install chromium, for the tests of the console's pages (about a minute)"
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium; } >/dev/null 2>&1 ||
  echo "browser: it could not be installed; the tests of the console's pages in a browser will skip"
