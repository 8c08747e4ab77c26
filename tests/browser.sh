#!/usr/bin/env bash
# The report is tested in a real browser: install one where it is missing and we may.
set -u
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
else
    echo "no Chromium found: the browser test will be skipped (install the package chromium to run it)" >&2
fi
exit 0
