#!/bin/sh
# The steps of engine installation that need root. Tests use the programs only, so no service is started, now or at boot.
#   apt.sh refresh              fetch package lists
#   apt.sh add-backports        add the source on standard input and fetch its lists; undone when that fails
#   apt.sh install PACKAGE...   install packages that are not installed yet
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
step=$1
shift

policy=/usr/sbin/policy-rc.d
restore_policy() {
  if [ -e "$policy.before-larder" ]; then mv "$policy.before-larder" "$policy"; else rm -f "$policy"; fi
}

# Maintainer scripts ask policy-rc.d before they start a service; 101 means no. One that already says no is left alone.
forbid_service_start() {
  if [ -x "$policy" ]; then
    status=0
    "$policy" valkey-server start >/dev/null 2>&1 || status=$?
    if [ "$status" -eq 101 ]; then return; fi
    mv "$policy" "$policy.before-larder"
  fi
  trap restore_policy EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

apt_get() {
  apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 "$@"
}

case $step in
refresh)
  apt_get update
  ;;
add-backports)
  source=/etc/apt/sources.list.d/larder-backports.sources
  cat >"$source"
  chmod 644 "$source"
  if ! apt_get update -o Dir::Etc::SourceList="$source" -o Dir::Etc::SourceParts=/dev/null -o APT::Get::List-Cleanup=0; then
    rm -f "$source"
    exit 1
  fi
  ;;
install)
  forbid_service_start
  # Lists that are older than the archive name files that are gone: fetch them and try once more.
  # Nothing of the machine is removed for a test.
  install="apt_get install --yes --no-remove --no-install-recommends"
  $install "$@" || { apt_get update && $install "$@"; }
  for package in "$@"; do
    update-rc.d "$package" disable >/dev/null 2>&1 || true
  done
  ;;
esac
