# SPDX-License-Identifier: Apache-2.0
#
# Contract section 3: the MagicPost dialect.

KEYS=/api/v1/api-keys
VERIFY=/api/v1/auth/verify

magicpost_error() { # error_type
  shape_magicpost
  field .error_type "$1"
}

walk_magicpost() {
  if ! has sessions || ! has magicpost; then
    skip "all of it (WITHOUT sessions or magicpost)"
    return 0
  fi
  owner || return 0
  when "a cookie session"
  if ! cookie_in "$EMAIL" "$PASSWORD"; then
    wrong "signing in" "200 and a cookie" "$STATUS"
    return 0
  fi
  clear_mp
  magicpost_credentials
  magicpost_create
  magicpost_list
  magicpost_delete
  magicpost_verify
  magicpost_cross_site
  magicpost_cap
  magicpost_bad_input
  clear_mp
}

magicpost_credentials() {
  local method path secret
  for method in GET POST DELETE; do
    path=$KEYS
    [ "$method" != DELETE ] || path=$KEYS/$NO_SUCH_ID
    when "$method $path without a session"
    call "$method" "$path"
    status 401
    magicpost_error auth_required
    challenge
    when "$method $path with a Bearer session"
    call "$method" "$path" -H "$OWNER"
    status 401
    magicpost_error auth_required
    when "$method $path with a cookie of nobody"
    call "$method" "$path" -b maglatch_session=nonsense
    status 401
    magicpost_error auth_required
  done
  when "a session and a bad Bearer: the Bearer is ignored"
  call GET "$KEYS" -b "$COOKIE" -H 'Authorization: Bearer junk'
  status 200
  when "a session and two Authorization headers"
  call GET "$KEYS" -b "$COOKIE" -H 'Authorization: Bearer a' -H 'Authorization: Basic b'
  status 200
}

magicpost_create() {
  local body name
  when "create"
  send POST "$KEYS" '{"name":"plain"}' -b "$COOKIE"
  status 201
  keys . "key token"
  keys .key "id prefix name"
  field_like .key.id "$UUID"
  field_like .token "$MP"
  field .key.prefix "$(get .token | cut -c 1-9)"
  field .key.name plain
  not_stored
  for body in '{}' '{"name":null}' '{"name":""}' '{"name":"   "}' ''; do
    when "create with <$body>"
    send POST "$KEYS" "$body" -b "$COOKIE"
    status 201
    keys .key "id prefix name"
    field_type .key.name null
  done
  when "create without a body and type"
  call POST "$KEYS" -b "$COOKIE"
  status 201
  field_type .key.name null
  clear_mp
  when "a name of 64 characters"
  name=$(repeat 64 $'\xc3\xa9')
  send POST "$KEYS" "{\"name\":\"$name\"}" -b "$COOKIE"
  status 201
  field .key.name "$name"
  for body in "{\"name\":\"${name}x\"}" '{"name":7}' '{"name":{}}' '{"name":["x"]}' '{"name":false}'; do
    when "create with $(printf '%s' "$body" | cut -c 1-40)"
    send POST "$KEYS" "$body" -b "$COOKIE"
    status 400
    magicpost_error missing_data
  done
  clear_mp
}

magicpost_list() {
  local first second at
  make_mp first
  first=$KEY_ID
  call POST "$KEYS" -b "$COOKIE"
  second=$(get .key.id)
  call DELETE "$KEYS/$first" -b "$COOKIE"
  when "list"
  call GET "$KEYS" -b "$COOKIE"
  status 200
  keys . keys
  at=$(row .keys id "$second")
  keys "$at" "id prefix name scopes created_at last_used_at revoked_at"
  field_like "$at.prefix" '^mp_[A-Za-z0-9_-]{6}$'
  field_type "$at.name" null
  field "$at.scopes" 1
  field "$at.scopes[0]" mcp:v1
  field_like "$at.created_at" "$SECONDS_TIME"
  field_type "$at.last_used_at" null
  field_type "$at.revoked_at" null
  newest_first .keys created_at
  before .keys "$second" "$first"
  when "list, a revoked key"
  at=$(row .keys id "$first")
  keys "$at" "id prefix name scopes created_at last_used_at revoked_at"
  field "$at.name" first
  field_like "$at.revoked_at" "$SECONDS_TIME"
}

magicpost_delete() {
  local id
  make_mp deleted
  id=$KEY_ID
  when "delete"
  call DELETE "$KEYS/$id" -b "$COOKIE"
  status 200
  body_is '{"success":true}'
  revocation
  when "delete a second time"
  call DELETE "$KEYS/$id" -b "$COOKIE"
  status 404
  magicpost_error key_not_found
  revocation
  for id in $NO_SUCH_ID not-a-uuid 7 "${id}0"; do
    when "delete of $id"
    call DELETE "$KEYS/$id" -b "$COOKIE"
    status 404
    magicpost_error key_not_found
  done
  when "delete of a key of another kind"
  make_mgp "of another kind"
  call DELETE "$KEYS/$KEY_ID" -b "$COOKIE"
  status 404
  magicpost_error key_not_found
  clear_mgp
  if [ -n "$OTHER_EMAIL" ]; then
    local mine=$COOKIE
    make_mp "not theirs"
    id=$KEY_ID
    when "a stranger's delete"
    cookie_in "$OTHER_EMAIL" "$OTHER_PASSWORD"
    call DELETE "$KEYS/$id" -b "$COOKIE"
    status 404
    magicpost_error key_not_found
    COOKIE=$mine
  else
    skip "keys of another account (OTHER_EMAIL)"
  fi
}

mp_last_used_shows() { # id
  call GET "$KEYS" -b "$COOKIE"
  [ "$(type_of "$(row .keys id "$1").last_used_at")" = string ]
}

magicpost_verify() {
  local key id secret
  make_mp verified
  key=$KEY id=$KEY_ID
  when "verify"
  call GET "$VERIFY" -H "Authorization: Bearer $key"
  status 200
  keys . "user_record_id email scopes"
  field_like .user_record_id '^rec[0-9A-Za-z]{14}$'
  field .email "$EMAIL"
  field .scopes 1
  field '.scopes[0]' mcp:v1
  if has usage; then
    when "verify moves last_used_at"
    until_true mp_last_used_shows "$id"
    field_like "$(row .keys id "$id").last_used_at" "$SECONDS_TIME"
  fi
  when "verify without a credential"
  call GET "$VERIFY"
  status 401
  magicpost_error auth_required
  challenge
  when "verify with a cookie alone"
  call GET "$VERIFY" -b "$COOKIE"
  status 401
  magicpost_error auth_required
  when "verify with Basic"
  call GET "$VERIFY" -H 'Authorization: Basic YTpi'
  status 401
  magicpost_error auth_required
  make_mgp "not mp"
  for secret in "$KEY" "${OWNER#*Bearer }" junk; do
    when "verify with Bearer $secret"
    call GET "$VERIFY" -H "Authorization: Bearer $secret"
    status 401
    magicpost_error auth_required
    challenge invalid_token
  done
  clear_mgp
  when "verify with an unknown mp_ key"
  call GET "$VERIFY" -H "Authorization: Bearer mp_$(repeat 43 A)"
  status 401
  magicpost_error user_not_found
  challenge invalid_token
  when "verify with a key mistyped by one character"
  call GET "$VERIFY" -H "Authorization: Bearer $(mistyped "$key")"
  status 401
  magicpost_error user_not_found
  when "verify with a revoked key"
  call DELETE "$KEYS/$id" -b "$COOKIE"
  call GET "$VERIFY" -H "Authorization: Bearer $key"
  status 401
  magicpost_error user_not_found
  challenge invalid_token
}

# The same token with its tenth character changed.
mistyped() {
  local head=${1:0:9} middle=${1:9:1} tail=${1:10}
  if [ "$middle" = 0 ]; then middle=1; else middle=0; fi
  printf '%s' "$head$middle$tail"
}

magicpost_cross_site() {
  local header
  for header in 'Origin: https://evil.example' 'Origin: null' 'Sec-Fetch-Site: cross-site'; do
    when "create with $header"
    send POST "$KEYS" '{"name":"x"}' -b "$COOKIE" -H "$header"
    status 403
    shape_magicpost
    when "delete with $header"
    call DELETE "$KEYS/$NO_SUCH_ID" -b "$COOKIE" -H "$header"
    status 403
    shape_magicpost
  done
  when "create from our own origin"
  send POST "$KEYS" '{"name":"x"}' -b "$COOKIE" -H "Origin: $PUBLIC_URL" \
    -H 'Sec-Fetch-Site: same-origin'
  status 201
  if [ -n "$CORS_ORIGIN" ]; then
    when "create from an allowed origin"
    send POST "$KEYS" '{"name":"x"}' -b "$COOKIE" -H "Origin: $CORS_ORIGIN"
    status 201
  fi
  when "create from our own origin, said to be cross-site"
  send POST "$KEYS" '{"name":"x"}' -b "$COOKIE" -H "Origin: $PUBLIC_URL" \
    -H 'Sec-Fetch-Site: cross-site'
  status 403
  for header in text/plain application/x-www-form-urlencoded multipart/form-data; do
    when "create with a body of type $header"
    call POST "$KEYS" -b "$COOKIE" -H "Content-Type: $header" --data '{"name":"x"}'
    status 415
    shape_magicpost
  done
  when "a list with a foreign Origin is safe"
  call GET "$KEYS" -b "$COOKIE" -H 'Origin: https://evil.example'
  status 200
  clear_mp
}

magicpost_cap() {
  local i=0 id=
  clear_mp
  while [ "$i" -lt 10 ]; do
    i=$((i + 1))
    make_mp "number $i" && id=$KEY_ID
  done
  when "the eleventh active key"
  send POST "$KEYS" '{"name":"number 11"}' -b "$COOKIE"
  status 400
  magicpost_error key_limit_reached
  when "a revoked key makes room"
  call DELETE "$KEYS/$id" -b "$COOKIE"
  send POST "$KEYS" '{"name":"number 11"}' -b "$COOKIE"
  status 201
  when "the other kinds count by themselves"
  make_mgp "beside ten of the other kind"
  status 200
  clear_mgp
  clear_mp
}

magicpost_bad_input() {
  bad_texts magicpost POST "$KEYS" -b "$COOKIE"
  bad_strings magicpost POST "$KEYS" '{"name":@}' -b "$COOKIE"
  wrong_methods magicpost "$KEYS" "PUT PATCH DELETE" POST
  wrong_methods magicpost "$KEYS" "PUT" GET -b "$COOKIE"
  wrong_methods magicpost "$KEYS/$NO_SUCH_ID" "GET POST PUT PATCH" DELETE
  wrong_methods magicpost "$VERIFY" "POST PUT PATCH DELETE" GET
  when "an id of control characters"
  call DELETE "$KEYS/%00" -b "$COOKIE"
  status_in "400 404"
}
