#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Walks the wire contract of a running gateway from outside, with curl alone.
#
#   BASE=http://127.0.0.1:8080 EMAIL=me@example.com PASSWORD=... src/test/contract/walk.sh [section...]
#
# Sections: sessions magpipe magicpost organization proxy refusals ops throttling (default: all, in
# this order),
# and routes, which needs the routes that its file names.
# Needs bash 3.2+, curl, awk, and the usual small tools. One line a check, "ok" or "FAIL"; the last
# line counts; exit code 0 when nothing failed, 1 when something did, 2 on a wrong call.
#
# The accounts are for tests only: the walk revokes all their keys.
#
#   BASE                 the public listener (required)
#   OPS                  the operations listener; without it the section ops is skipped
#   EMAIL, PASSWORD      an account, owner of its organization (required)
#   OTHER_EMAIL, OTHER_PASSWORD    an account of another organization
#   MEMBER_EMAIL, MEMBER_PASSWORD  a member of the first account's organization
#   MGP_KEY              an mgp_ key of the account, for a gateway that signs nobody in
#   PUBLIC_URL           the setting http.public-url (default: BASE)
#   CORS_ORIGIN          an origin in cors.allowed-origins; empty: the setting is not made
#   TRUSTED_FORWARDING=1 proxy.trusted-cidrs contains us, so that X-Forwarded-For counts
#   UPSTREAM_ECHO=1      the upstream answers with JSON {method,path,query,headers:{name:[...]},body}
#                        (names lower-case) and sends every X-Echo-Set-Cookie back as a Set-Cookie
#   SIGNUP=1             sessions.signup is on
#   SLOW=1               also what takes more than ten seconds to see
#   WITHOUT              features not to ask for: cors docs forward-auth framing idempotency limits
#                        magicpost organization rotation sessions throttling usage

set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)

: "${BASE:?the URL of the public listener is missing; see the head of this file}"
BASE=${BASE%/}
OPS=${OPS:-}
OPS=${OPS%/}
: "${EMAIL:?an account for the walk is missing; see the head of this file}"
: "${PASSWORD:?the password of the account is missing; see the head of this file}"
OTHER_EMAIL=${OTHER_EMAIL:-}
OTHER_PASSWORD=${OTHER_PASSWORD:-}
MEMBER_EMAIL=${MEMBER_EMAIL:-}
MEMBER_PASSWORD=${MEMBER_PASSWORD:-}
MGP_KEY=${MGP_KEY:-}
PUBLIC_URL=${PUBLIC_URL:-$BASE}
CORS_ORIGIN=${CORS_ORIGIN:-}
TRUSTED_FORWARDING=${TRUSTED_FORWARDING:-}
UPSTREAM_ECHO=${UPSTREAM_ECHO:-}
SIGNUP=${SIGNUP:-}
SLOW=${SLOW:-}
WITHOUT=${WITHOUT:-}

for tool in curl awk sed tr sort mktemp; do
  if ! command -v "$tool" >/dev/null; then
    echo "walk.sh needs $tool" >&2
    exit 2
  fi
done

. "$here/lib.sh"

[ $# -gt 0 ] || set -- sessions magpipe magicpost organization proxy refusals ops throttling
for section; do
  if [ ! -f "$here/walk-$section.sh" ]; then
    echo "no such section: $section" >&2
    exit 2
  fi
done
for section; do
  SECTION=$section
  . "$here/walk-$section.sh"
  "walk_$section"
done

echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
[ "$FAILED" -eq 0 ]
