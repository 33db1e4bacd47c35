# SPDX-License-Identifier: Apache-2.0
#
# What the sections share: calls, checks, JSON, credentials. Sourced by walk.sh.

SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/maglatch-walk.XXXXXX") || exit 2
trap 'rm -rf "$SCRATCH"' EXIT

PASSED=0
FAILED=0
SKIPPED=0
SECTION=
CASE=
RUN=$$-$(date +%s)

UUID='^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
NO_SUCH_ID=00000000-0000-4000-8000-000000000000
MGP='^mgp_[0-9a-f]{40}$'
MP='^mp_[A-Za-z0-9_-]{43}$'
WHSEC='^whsec_[0-9a-f]{64}$'
DAY_TIME='^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]'
POSTGRES_TIME=$DAY_TIME'(\.[0-9]{0,5}[1-9])?\+00:00$'
SECONDS_TIME=$DAY_TIME'Z$'
RFC3339_TIME=$DAY_TIME'(\.[0-9]+)?Z$'

# --- reporting -----------------------------------------------------------------------------------

# Names the situation that the following checks are about.
when() { CASE=$(printf "%s" "$1" | tr "\n" " " | redact); }

good() {
  PASSED=$((PASSED + 1))
  echo "ok   $SECTION: $CASE: $1"
}

wrong() { # what expected got
  FAILED=$((FAILED + 1))
  echo "FAIL $SECTION: $CASE: $1: expected $(shorten "$2"), got $(shorten "$3")" \
    "[${LAST:-}: ${STATUS:-} $(excerpt)]"
}

skip() {
  SKIPPED=$((SKIPPED + 1))
  echo "skip $SECTION: $1"
}

shorten() { printf '%s' "$1" | tr '\n' ' ' | cut -c 1-300 | redact; }

excerpt() { head -c 300 "$SCRATCH/body" | tr -d '\0' | tr '\r\n' '  ' | redact; }

# No credential in what is printed.
redact() {
  sed -E 's/mgp_[0-9a-f]{36}/mgp_****/g; s/mp_[A-Za-z0-9_-]{39}/mp_****/g;
    s/eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_.-]*/eyJ****/g; s/whsec_[0-9a-f]{60}/whsec_****/g'
}

# Whether the gateway has the feature (see WITHOUT).
has() {
  case " $WITHOUT " in
    *" $1 "*) return 1 ;;
  esac
}

is() { # what expected got
  if [ "$2" = "$3" ]; then good "$1 is $(shorten "$2")"; else wrong "$1" "$2" "$3"; fi
}

differs() { # what unwanted got
  if [ "$2" != "$3" ]; then good "$1 is another"; else wrong "$1" "another value" "$3"; fi
}

like() { # what regex got
  if [[ $3 =~ $2 ]]; then good "$1 has the right form"; else wrong "$1" "$2" "$3"; fi
}

# --- calls ---------------------------------------------------------------------------------------

# call METHOD PATH|URL [curl argument...]: sets STATUS and, for the checks, head, body and JSON.
call() {
  local method=$1 url=$2
  shift 2
  case $url in
    http://* | https://*) ;;
    *) url=$BASE$url ;;
  esac
  LAST="$method ${url#"$BASE"}"
  : >"$SCRATCH/head"
  : >"$SCRATCH/body"
  local verb=(-X "$method")
  [ "$method" != HEAD ] || verb=(-I)
  STATUS=$(curl -q -sS --noproxy '*' --path-as-is --globoff --max-time 30 "${verb[@]}" \
    -D "$SCRATCH/head" -o "$SCRATCH/body" -w '%{http_code}' "$@" "$url" 2>"$SCRATCH/error")
  [ "$method" != HEAD ] || : >"$SCRATCH/body" # where curl -I writes the head once more
  flatten
}

# Like call, with a JSON body: send METHOD PATH BODY [curl argument...]
send() {
  local method=$1 url=$2 body=$3
  shift 3
  printf '%s' "$body" >"$SCRATCH/request"
  call "$method" "$url" -H 'Content-Type: application/json' -H 'Expect:' \
    --data-binary "@$SCRATCH/request" "$@"
}

# Like send, with the body from a file.
send_file() {
  local method=$1 url=$2 file=$3
  shift 3
  call "$method" "$url" -H 'Content-Type: application/json' -H 'Expect:' --data-binary "@$file" "$@"
}

flatten() {
  tr -d '\0' <"$SCRATCH/body" | awk -f "$here/json.awk" >"$SCRATCH/flat" 2>"$SCRATCH/json-error" ||
    : >"$SCRATCH/flat"
}

# --- reading the answer --------------------------------------------------------------------------

# The value of a header of the last answer; several are joined with ", ".
header() {
  tr -d '\r' <"$SCRATCH/head" | awk -v name="$1" '
    /^HTTP\// { value = ""; found = 0; next }
    {
      colon = index($0, ":")
      if (colon && tolower(substr($0, 1, colon - 1)) == tolower(name)) {
        text = substr($0, colon + 1)
        sub(/^[ \t]+/, "", text); sub(/[ \t]+$/, "", text)
        value = found++ ? value ", " text : text
      }
    }
    END { print value }'
}

has_header() {
  tr -d '\r' <"$SCRATCH/head" | awk -v name="$1" '
    /^HTTP\// { found = 0 }
    tolower(substr($0, 1, length(name) + 1)) == tolower(name) ":" { found = 1 }
    END { exit !found }'
}

# The value at a path of the JSON answer (".keys[0].id"; "." is the root); nothing when absent.
get() {
  awk -F '\t' -v path="${1#.}" '
    $1 == (path == "" ? "" : "." path) && $2 != "key" { print $3; exit }' "$SCRATCH/flat"
}

# Its type: object array string number boolean null; nothing when absent.
type_of() {
  awk -F '\t' -v path="${1#.}" '
    $1 == (path == "" ? "" : "." path) && $2 != "key" { print $2; exit }' "$SCRATCH/flat"
}

# The member names of the object at a path, sorted, on one line.
keys_of() {
  awk -F '\t' -v path="${1#.}" '
    $1 == (path == "" ? "" : "." path) && $2 == "key" { print $3 }' "$SCRATCH/flat" | sorted
}

sorted() { sort | tr '\n' ' ' | sed 's/ $//'; }

# The path of the element of an array that has the given member: row .keys id 17 -> .keys[3]
row() {
  awk -F '\t' -v array="$1" -v member="$2" -v value="$3" '
    $3 == value && $2 != "key" && index($1, array "[") == 1 {
      rest = substr($1, length(array) + 2)
      close_at = index(rest, "]")
      if (substr(rest, close_at + 1) == "." member) {
        print array "[" substr(rest, 1, close_at); exit
      }
    }' "$SCRATCH/flat"
}

# All values of one member of an array's elements, one a line, in order.
column() {
  awk -F '\t' -v array="$1" -v member="$2" '
    $2 != "key" && index($1, array "[") == 1 {
      rest = substr($1, length(array) + 2)
      if (substr(rest, index(rest, "]") + 1) == "." member) print $3
    }' "$SCRATCH/flat"
}

# --- checks of the answer ------------------------------------------------------------------------

status() { is status "$1" "$STATUS"; }

status_in() { # "400 413"
  case " $1 " in
    *" $STATUS "*) good "status $STATUS" ;;
    *) wrong status "one of $1" "$STATUS" ;;
  esac
}

# The body is this JSON, whatever the order of members.
body_is() {
  local expected got
  expected=$(printf '%s' "$1" | awk -f "$here/json.awk" | sort)
  got=$(sort "$SCRATCH/flat")
  if [ "$expected" = "$got" ]; then good "body is $(shorten "$1")"; else
    wrong body "$1" "$(cat "$SCRATCH/body" | tr -d '\0')"; fi
}

body_empty() {
  if [ ! -s "$SCRATCH/body" ]; then good "no body"; else wrong body nothing "$(excerpt)"; fi
}

# The object at a path has exactly these members: keys .keys[0] "id name"
keys() { is "members of $1" "$(printf '%s\n' $2 | sorted)" "$(keys_of "$1")"; }

# The object at a path has at least these members.
keys_with() {
  local have=" $(keys_of "$1") " missing= name
  for name in $2; do
    case $have in
      *" $name "*) ;;
      *) missing="$missing $name" ;;
    esac
  done
  if [ -z "$missing" ]; then good "members of $1 include $2"; else
    wrong "members of $1" "also$missing" "$have"; fi
}

field() { is "$1" "$2" "$(get "$1")"; }

field_like() { like "$1" "$2" "$(get "$1")"; }

field_type() { is "type of $1" "$2" "$(type_of "$1")"; }

header_is() { is "header $1" "$2" "$(header "$1")"; }

header_like() { like "header $1" "$2" "$(header "$1")"; }

no_header() {
  if has_header "$1"; then wrong "header $1" none "$(header "$1")"; else good "no header $1"; fi
}

# A member falls or stays from element to element (times as text: the zone is cut off).
newest_first() { # array member
  local values
  values=$(column "$1" "$2" | sed -E 's/(Z|\+00:00)$//')
  if [ -n "$values" ] && [ "$values" = "$(printf '%s\n' "$values" | sort -r)" ]; then good "$1 is newest first"; else
    wrong "order of $1" "newest first" "$values"; fi
}

# The element with the first id stands before the one with the second.
before() { # array id id
  local order
  order=$(column "$1" id | awk -v a="$2" -v b="$3" '$0 == a { print "a" } $0 == b { print "b" }' |
    tr -d '\n')
  is "order of the two newest of $1" ab "$order"
}

allows() { # METHOD: the Allow header names it
  local allow
  allow=" $(header Allow | tr ',' ' ') "
  case $allow in
    *" $1 "*) good "Allow names $1" ;;
    *) wrong "header Allow" "$1" "$allow" ;;
  esac
}

# WWW-Authenticate of a 401: challenge, or challenge invalid_token
challenge() {
  local plain='Bearer realm="maglatch"'
  case ${1:-} in
    '') header_is WWW-Authenticate "$plain" ;;
    *) header_like WWW-Authenticate "^$plain, *error=\"$1\"" ;;
  esac
}

not_stored() { header_like Cache-Control no-store; }

revocation() {
  header_like X-Maglatch-Revocation '^confirmed=[0-9]+/[0-9]+; expired=[0-9]+; ms=[0-9]+$'
}

# --- the shapes of errors ------------------------------------------------------------------------

shape_flat() {
  keys . error
  field_type .error string
}

shape_magicpost() {
  keys . "error error_type"
  field_type .error string
  field_like .error_type '^[a-z_]+$'
}

shape_envelope() {
  keys . "code message requestId"
  field .code "$STATUS"
  field_type .message string
  field .requestId "$(header X-Request-Id)"
}

shape_auth() {
  keys . "code error_code msg"
  field .code "$STATUS"
  field_like .error_code '^[a-z_]+$'
  field_type .msg string
}

shape_proxied() {
  keys . error
  keys .error "code message"
  field_type .error.message string
}

# The same as one check, for tables with hundreds of rows.
looks() { # shape
  case $1 in
    flat) [ "$(keys_of .)" = error ] ;;
    magicpost) [ "$(keys_of .)" = "error error_type" ] ;;
    envelope) [ "$(keys_of .)" = "code message requestId" ] && [ "$(get .code)" = "$STATUS" ] ;;
    auth) [ "$(keys_of .)" = "code error_code msg" ] && [ "$(get .code)" = "$STATUS" ] ;;
    proxied) [ "$(keys_of .error)" = "code message" ] ;;
  esac
}

refused() { # what shape statuses
  case " $3 " in
    *" $STATUS "*) ;;
    *)
      wrong "$1" "status $3" "$STATUS"
      return
      ;;
  esac
  if looks "$2"; then good "$1 is $STATUS in the dialect's shape"; else
    wrong "$1" "an error of shape $2" "$(excerpt)"; fi
}

# --- bad input -----------------------------------------------------------------------------------

# Makes the bodies once; "@" stands for a value of the member under test.
bad_bodies() {
  BAD=$SCRATCH/bad
  [ ! -d "$BAD" ] || return 0
  mkdir -p "$BAD/text" "$BAD/value"
  printf '{"name":' >"$BAD/text/cut-off"
  printf '{"name":"x",}' >"$BAD/text/trailing-comma"
  printf "{'name':'x'}" >"$BAD/text/single-quotes"
  printf '{"name":"x"} {"name":"y"}' >"$BAD/text/two-texts"
  printf 'hello' >"$BAD/text/no-json"
  printf '[]' >"$BAD/text/array"
  printf '"x"' >"$BAD/text/string"
  printf '42' >"$BAD/text/number"
  printf 'null' >"$BAD/text/null"
  printf '{"name":NaN}' >"$BAD/text/not-a-number"
  printf '{"name":"\xff\xfe"}' >"$BAD/text/no-utf-8"
  printf '{"name":"a\0b"}' >"$BAD/text/raw-nul"
  printf '\xff\xfe{\0}\0' >"$BAD/text/utf-16"
  { repeat 2000 '{"name":'; printf 1; repeat 2000 '}'; } >"$BAD/text/deep-objects"
  repeat 100000 '[' >"$BAD/text/deep-and-cut-off"

  printf '7' >"$BAD/value/number"
  printf 'true' >"$BAD/value/boolean"
  printf '{}' >"$BAD/value/object"
  printf '["x"]' >"$BAD/value/array"
  printf '1e999999999' >"$BAD/value/huge-exponent"
  repeat 20000 9 >"$BAD/value/many-digits"
  printf '"a\\u0000b"' >"$BAD/value/nul"
  printf '"\\ud800"' >"$BAD/value/lone-high-surrogate"
  printf '"x\\udc00y"' >"$BAD/value/lone-low-surrogate"
  { repeat 2000 '['; repeat 2000 ']'; } >"$BAD/value/depth-2000"
  { printf '"'; repeat 1048576 a; printf '"'; } >"$BAD/value/one-megabyte"
}

repeat() { # count text
  awk -v count="$1" -v text="$2" 'BEGIN { for (i = 0; i < count; i++) printf "%s", text }'
}

# Bodies that are no JSON object: bad_texts SHAPE METHOD PATH [curl argument...]
bad_texts() {
  local shape=$1 method=$2 url=$3 file
  shift 3
  bad_bodies
  when "$method $url with a bad body"
  for file in "$BAD"/text/*; do
    send_file "$method" "$url" "$file" "$@"
    refused "${file##*/}" "$shape" "400 413 415"
  done
}

# Values that no string member takes: bad_strings SHAPE METHOD PATH BODY [curl argument...], where
# BODY has @ for the value. Set ALSO for statuses that are right beside 400 and 413.
bad_strings() {
  local shape=$1 method=$2 url=$3 template=$4 file
  shift 4
  bad_bodies
  when "$method $url with $template"
  for file in "$BAD"/value/*; do
    {
      printf '%s' "${template%%@*}"
      cat "$file"
      printf '%s' "${template#*@}"
    } >"$SCRATCH/request"
    send_file "$method" "$url" "$SCRATCH/request" "$@"
    refused "${file##*/}" "$shape" "400 413 ${ALSO:-}"
  done
}

# Single values of the caller's choice: bad_values SHAPE METHOD PATH BODY "v1 v2" [curl argument...]
bad_values() {
  local shape=$1 method=$2 url=$3 template=$4 values=$5 value
  shift 5
  when "$method $url with $template"
  set -f
  for value in $values; do
    send "$method" "$url" "${template%%@*}$value${template#*@}" "$@"
    refused "$value" "$shape" "400 ${ALSO:-}"
  done
  set +f
}

# Methods a path does not have: wrong_methods SHAPE PATH "GET PUT" ALLOWED [curl argument...]
wrong_methods() {
  local shape=$1 url=$2 methods=$3 allowed=$4 method
  shift 4
  for method in $methods; do
    when "$method $url"
    call "$method" "$url" "$@"
    refused "a wrong method" "$shape" 405
    allows "$allowed"
  done
}

# --- credentials ---------------------------------------------------------------------------------

# Signs in and sets TOKEN, REFRESH and ACCOUNT; fails when the gateway does not.
sign_in() { # email password
  send POST '/auth/v1/token?grant_type=password' "{\"email\":\"$1\",\"password\":\"$2\"}"
  TOKEN=$(get .access_token)
  REFRESH=$(get .refresh_token)
  ACCOUNT=$(get .user.id)
  [ "$STATUS" = 200 ] && [ -n "$TOKEN" ]
}

# Sets OWNER to the first account's Authorization header: a session, or MGP_KEY.
owner() {
  [ -z "${OWNER:-}" ] || return 0
  if has sessions && sign_in "$EMAIL" "$PASSWORD"; then
    OWNER="Authorization: Bearer $TOKEN"
    OWNER_ID=$ACCOUNT
  elif [ -n "$MGP_KEY" ]; then
    OWNER="Authorization: Bearer $MGP_KEY"
    OWNER_ID=
  else
    when "signing in as $EMAIL"
    wrong "the account's session" "a sign-in" "$STATUS"
    return 1
  fi
}

# Sets OTHER to the Authorization header of the account of another organization.
other() {
  [ -z "${OTHER:-}" ] || return 0
  [ -n "$OTHER_EMAIL" ] && has sessions && sign_in "$OTHER_EMAIL" "$OTHER_PASSWORD" || return 1
  OTHER="Authorization: Bearer $TOKEN"
}

member() {
  [ -z "${MEMBER:-}" ] || return 0
  [ -n "$MEMBER_EMAIL" ] && has sessions && sign_in "$MEMBER_EMAIL" "$MEMBER_PASSWORD" || return 1
  MEMBER="Authorization: Bearer $TOKEN"
  MEMBER_ID=$ACCOUNT
}

# Sets COOKIE ("name=value") by a cookie sign-in.
cookie_in() { # email password
  send POST /auth/v1/session "{\"email\":\"$1\",\"password\":\"$2\"}"
  COOKIE=$(header Set-Cookie | grep -oE '(__Host-)?maglatch_session=[^;, ]+' | head -1)
  [ "$STATUS" = 200 ] && [ -n "$COOKIE" ]
}

# Make a key of each kind with the owner's rights; each sets KEY and KEY_ID.
make_mgp() { # name
  send POST /functions/v1/manage-api-keys "{\"action\":\"generate\",\"name\":\"$1\"}" -H "$OWNER"
  made .key .id
}

make_mp() { # name; needs COOKIE
  has magicpost || return 1
  send POST /api/v1/api-keys "{\"name\":\"$1\"}" -b "$COOKIE"
  made .token .key.id
}

make_org() { # name scope [more members]
  has organization || return 1
  send POST /v1/api-keys "{\"name\":\"$1\",\"scope\":\"$2\"${3:-}}" -H "$OWNER"
  made .data.key .data.id
}

made() { # path of the token, path of the id
  KEY=$(get "$1")
  KEY_ID=$(get "$2")
  [ -n "$KEY" ] || wrong "making a key" "a token" none
  [ -n "$KEY" ]
}

# Revokes every active key of the kind, but the one that the walk itself uses.
clear_mgp() {
  local id
  send POST /functions/v1/manage-api-keys '{"action":"list"}' -H "$OWNER"
  for id in $(awk -F '\t' -v own="${MGP_KEY:0:8}" '
      $1 ~ /\.id$/ && $2 == "string" { id = $3 }
      $1 ~ /\.key_prefix$/ && $2 == "string" { prefix = $3 }
      $1 ~ /\.is_active$/ && $2 == "boolean" { active = $3 }
      $2 == "object" && $1 ~ /^\.keys\[[0-9]+\]$/ && active == "true" && prefix != own { print id }' "$SCRATCH/flat")
  do
    send POST /functions/v1/manage-api-keys "{\"action\":\"revoke\",\"key_id\":\"$id\"}" -H "$OWNER"
  done
}

clear_mp() {
  local id
  call GET /api/v1/api-keys -b "$COOKIE"
  for id in $(awk -F '\t' '
      $1 ~ /\.id$/ && $2 == "string" { id = $3 }
      $1 ~ /\.revoked_at$/ && $2 != "key" { active = $2 == "null" }
      $2 == "object" && $1 ~ /^\.keys\[[0-9]+\]$/ && active { print id }' "$SCRATCH/flat"); do
    call DELETE "/api/v1/api-keys/$id" -b "$COOKIE"
  done
}

# Asks until the answer is as wanted, for at most five seconds: until_true command [argument...]
until_true() {
  local round
  for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    if "$@"; then return 0; fi
    sleep 0.25
  done
  return 1
}
