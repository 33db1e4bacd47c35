# SPDX-License-Identifier: Apache-2.0
#
# Contract section 4: the organization dialect.

ORG_KEYS=/v1/api-keys
ACCOUNTS=/v1/service-accounts
ORG_FIELDS="createdAt createdBy description expiresAt id keyPrefix lastUsedAt lastUsedIp
  lastUsedUserAgent name organizationId revokedAt scope serviceAccountId userId"
DELIVERY_FIELDS="answer attemptedAt attempts createdAt durationMs event failure httpStatus id
  nextAttemptAt status url webhookId"
ACCOUNT_FIELDS="createdAt createdBy description disabledAt id name organizationId permissions status
  updatedAt"

org() { # METHOD PATH [BODY]: as the owner
  if [ $# -gt 2 ]; then send "$1" "$2" "$3" -H "$OWNER"; else call "$1" "$2" -H "$OWNER"; fi
}

# The last answer is a success of the envelope with data.
enveloped() {
  status 200
  keys . "code data message requestId"
  field .code 200
  field_type .code number
  field .message success
  field .requestId "$(header X-Request-Id)"
}

enveloped_without_data() {
  status 200
  keys . "code message requestId"
  field .code 200
  field .message success
  field .requestId "$(header X-Request-Id)"
}

org_error() { # status
  status "$1"
  shape_envelope
}

whoami() { call GET /v1/whoami -H "Authorization: Bearer $1"; }

walk_organization() {
  if ! has sessions || ! has organization; then
    skip "all of it (WITHOUT sessions or organization)"
    return 0
  fi
  owner || return 0
  org_credentials
  org_create
  org_create_refusals
  org_list
  org_get
  org_patch
  org_delete
  org_scopes
  org_expiry
  org_rotate
  org_revoke_by_token
  org_idempotency
  org_use
  org_service_accounts
  org_whoami
  org_members
  org_strangers
  org_webhooks
  org_audit
  org_bad_input
}

org_credentials() {
  local path
  for path in "$ORG_KEYS" "$ORG_KEYS/$NO_SUCH_ID" "$ACCOUNTS" "$ACCOUNTS/$NO_SUCH_ID" /v1/whoami \
    /v1/audit; do
    when "GET $path without a credential"
    call GET "$path"
    org_error 401
    challenge
  done
  when "an unknown key"
  call GET "$ORG_KEYS" -H "Authorization: Bearer $(printf 'mgp_%040d' 0)"
  org_error 401
  challenge invalid_token
  when "a key of the Magpipe kind"
  make_mgp "of another kind"
  call GET "$ORG_KEYS" -H "Authorization: Bearer $KEY"
  org_error 401
  challenge invalid_token
  call GET "$ACCOUNTS" -H "Authorization: Bearer $KEY"
  org_error 401
  clear_mgp
  when "a key of the MagicPost kind"
  if cookie_in "$EMAIL" "$PASSWORD" && make_mp "of another kind"; then
    call GET "$ORG_KEYS" -H "Authorization: Bearer $KEY"
    status 401
    clear_mp
  fi
  when "a cookie is no credential here"
  call GET "$ORG_KEYS" -b "$COOKIE"
  org_error 401
  when "an organization key on the Magpipe route"
  make_org "elsewhere" read-write
  send POST /functions/v1/manage-api-keys '{"action":"list"}' -H "Authorization: Bearer $KEY"
  status 401
  body_is '{"error":"Unauthorized"}'
  when "a request id"
  call GET "$ORG_KEYS" -H "$OWNER" -H 'X-Request-Id: walk-42'
  field .requestId walk-42
  header_is X-Request-Id walk-42
  when "a request id that is not sane"
  call GET "$ORG_KEYS" -H "$OWNER" -H 'X-Request-Id: "><script>'
  field_like .requestId '^[A-Za-z0-9._-]{1,128}$'
  field .requestId "$(header X-Request-Id)"
}

org_create() {
  local later=2099-12-31T23:59:59Z account
  when "create with a name alone"
  org POST "$ORG_KEYS" '{"name":"plain"}'
  enveloped
  keys .data "$ORG_FIELDS key"
  field_like .data.key "$MGP"
  field_like .data.id "$UUID"
  field .data.keyPrefix "$(get .data.key | cut -c 1-8)"
  field .data.name plain
  field .data.scope read
  field_like .data.createdAt "$RFC3339_TIME"
  field_like .data.organizationId "$UUID"
  field .data.createdBy "$OWNER_ID"
  field .data.userId "$OWNER_ID"
  for account in description expiresAt lastUsedAt lastUsedIp lastUsedUserAgent revokedAt \
    serviceAccountId; do
    field_type ".data.$account" null
  done
  not_stored
  when "create with everything"
  org POST "$ORG_KEYS" \
    "{\"name\":\"full\",\"description\":\"d \u00e9\",\"expiresAt\":\"$later\",\"scope\":\"read-write\"}"
  enveloped
  keys .data "$ORG_FIELDS key"
  field .data.description $'d \xc3\xa9'
  field .data.scope read-write
  field_like .data.expiresAt '^2099-12-31T23:59:59(\.0+)?Z$'
  when "create with an expiry of another zone"
  org POST "$ORG_KEYS" '{"name":"zone","expiresAt":"2099-12-31T23:59:59.5+02:00"}'
  enveloped
  field_like .data.expiresAt '^2099-12-31T21:59:59\.50*Z$'
  when "create with nulls"
  org POST "$ORG_KEYS" '{"name":"nulls","description":null,"expiresAt":null,"serviceAccountId":null}'
  enveloped
  field_type .data.description null
  when "create with a name of 64 characters"
  org POST "$ORG_KEYS" "{\"name\":\"$(repeat 64 $'\xf0\x9f\x98\x80')\"}"
  enveloped
  when "create with a description of 1024 characters"
  org POST "$ORG_KEYS" "{\"name\":\"n\",\"description\":\"$(repeat 1024 $'\xc3\xa9')\"}"
  enveloped
  when "no cap by default"
  local i
  for i in 1 2 3 4 5 6; do org POST "$ORG_KEYS" "{\"name\":\"n$i\"}"; done
  status 200
}

org_create_refusals() {
  local body
  for body in '{}' '{"name":null}' '{"name":""}' '{"name":"  "}' '{"name":7}' \
    "{\"name\":\"$(repeat 65 x)\"}" \
    '{"name":"n","description":7}' "{\"name\":\"n\",\"description\":\"$(repeat 1025 x)\"}" \
    '{"name":"n","scope":"write"}' '{"name":"n","scope":"READ"}' '{"name":"n","scope":7}' \
    '{"name":"n","expiresAt":"2020-01-01T00:00:00Z"}' '{"name":"n","expiresAt":"tomorrow"}' \
    '{"name":"n","expiresAt":"2099-01-01"}' '{"name":"n","expiresAt":"2099-02-30T00:00:00Z"}' \
    '{"name":"n","expiresAt":"2099-01-01T00:00:00"}' '{"name":"n","expiresAt":4102444800}' \
    "{\"name\":\"n\",\"serviceAccountId\":\"$NO_SUCH_ID\"}" '{"name":"n","serviceAccountId":"x"}' \
    '{"name":"n","serviceAccountId":7}'; do
    when "create with $(printf '%s' "$body" | cut -c 1-60)"
    org POST "$ORG_KEYS" "$body"
    org_error 400
  done
}

org_list() {
  local first second at limit
  make_org "list first" read
  first=$KEY_ID
  make_org "list second" read-write
  second=$KEY_ID
  org DELETE "$ORG_KEYS/$first"
  when "list"
  org GET "$ORG_KEYS"
  enveloped
  keys .data "items limit offset hasMore"
  field .data.limit 20
  field .data.offset 0
  field_type .data.hasMore boolean
  field_type .data.items array
  at=$(row .data.items id "$second")
  keys "$at" "$ORG_FIELDS allowedIps rateLimit"
  field_type "$at.allowedIps" null
  field_type "$at.rateLimit" null
  field "$at.name" "list second"
  newest_first .data.items createdAt
  before .data.items "$second" "$first"
  when "list, a revoked key"
  at=$(row .data.items id "$first")
  field_like "$at.revokedAt" "$RFC3339_TIME"
  when "list, one a page"
  org GET "$ORG_KEYS?limit=1"
  enveloped
  field .data.items 1
  field '.data.items[0].id' "$second"
  field .data.limit 1
  field .data.hasMore true
  org GET "$ORG_KEYS?limit=1&offset=1"
  field '.data.items[0].id' "$first"
  field .data.offset 1
  when "list, past the end"
  org GET "$ORG_KEYS?limit=100&offset=100000"
  enveloped
  field .data.items 0
  field .data.hasMore false
  field .data.limit 100
  for limit in limit=0 limit=101 limit=-1 limit=x limit= limit=1.5 limit=99999999999999999999 offset=-1 \
    offset=x offset=1.5 offset=99999999999999999999; do
    when "list with $limit"
    org GET "$ORG_KEYS?$limit"
    org_error 400
  done
}

org_get() {
  local id
  make_org got read
  id=$KEY_ID
  when "get"
  org GET "$ORG_KEYS/$id"
  enveloped
  keys .data "$ORG_FIELDS allowedIps rateLimit"
  field .data.id "$id"
  for id in $NO_SUCH_ID not-a-uuid; do
    when "get of $id"
    org GET "$ORG_KEYS/$id"
    org_error 404
  done
  when "get of a key of another kind"
  make_mgp "of another kind"
  org GET "$ORG_KEYS/$KEY_ID"
  org_error 404
  clear_mgp
}

org_patch() {
  local id body
  make_org patched read ',"description":"before"'
  id=$KEY_ID
  when "patch of the name"
  org PATCH "$ORG_KEYS/$id" '{"name":"renamed"}'
  enveloped
  keys .data "$ORG_FIELDS allowedIps rateLimit"
  field .data.name renamed
  field .data.description before
  field .data.scope read
  when "patch of everything"
  org PATCH "$ORG_KEYS/$id" '{"name":"all","description":"after","expiresAt":"2099-01-01T00:00:00Z",
    "scope":"read-write","allowedIps":["203.0.113.0/24","2001:db8::/32"],
    "rateLimit":{"limit":5,"windowSeconds":60}}'
  enveloped
  field .data.name all
  field .data.description after
  field .data.scope read-write
  field_like .data.expiresAt '^2099-01-01T00:00:00(\.0+)?Z$'
  field .data.allowedIps 2
  field '.data.allowedIps[0]' 203.0.113.0/24
  field '.data.allowedIps[1]' 2001:db8::/32
  keys .data.rateLimit "limit windowSeconds"
  field .data.rateLimit.limit 5
  field .data.rateLimit.windowSeconds 60
  when "get after patch"
  org GET "$ORG_KEYS/$id"
  field .data.name all
  field .data.rateLimit.limit 5
  when "patch with nulls clears"
  org PATCH "$ORG_KEYS/$id" \
    '{"description":null,"expiresAt":null,"allowedIps":null,"rateLimit":null}'
  enveloped
  field_type .data.description null
  field_type .data.expiresAt null
  field_type .data.allowedIps null
  field_type .data.rateLimit null
  field .data.name all
  for body in '{"colour":"blue"}' '{"name":"n","key":"x"}' '{"id":"x"}' '{"revokedAt":null}' \
    '{"name":null}' '{"name":""}' '{"name":7}' "{\"name\":\"$(repeat 65 x)\"}" '{"scope":null}' \
    '{"scope":"all"}' '{"expiresAt":"2020-01-01T00:00:00Z"}' '{"expiresAt":"x"}' \
    '{"allowedIps":"203.0.113.0/24"}' '{"allowedIps":["x"]}' '{"allowedIps":[7]}' \
    '{"allowedIps":["203.0.113.0/33"]}' '{"allowedIps":[null]}' '{"rateLimit":5}' \
    '{"rateLimit":{}}' '{"rateLimit":{"limit":5}}' '{"rateLimit":{"limit":0,"windowSeconds":60}}' \
    '{"rateLimit":{"limit":-1,"windowSeconds":60}}' '{"rateLimit":{"limit":5,"windowSeconds":0}}' \
    '{"rateLimit":{"limit":"5","windowSeconds":60}}' \
    '{"rateLimit":{"limit":5,"windowSeconds":60,"burst":1}}' \
    '{"rateLimit":{"limit":99999999999999999999,"windowSeconds":60}}'; do
    when "patch with $(printf '%s' "$body" | cut -c 1-60)"
    org PATCH "$ORG_KEYS/$id" "$body"
    org_error 400
  done
  when "a refused patch changes nothing"
  org GET "$ORG_KEYS/$id"
  field .data.name all
  for body in $NO_SUCH_ID not-a-uuid; do
    when "patch of $body"
    org PATCH "$ORG_KEYS/$body" '{"name":"n"}'
    org_error 404
  done
  when "patch of a revoked key"
  org DELETE "$ORG_KEYS/$id"
  org PATCH "$ORG_KEYS/$id" '{"name":"late"}'
  org_error 404
}

org_delete() {
  local id key
  make_org deleted read
  id=$KEY_ID key=$KEY
  when "a new key is accepted"
  whoami "$key"
  status 200
  when "delete"
  org DELETE "$ORG_KEYS/$id"
  enveloped_without_data
  revocation
  when "a deleted key is refused"
  whoami "$key"
  org_error 401
  challenge invalid_token
  when "delete a second time"
  org DELETE "$ORG_KEYS/$id"
  org_error 404
  revocation
  for id in $NO_SUCH_ID not-a-uuid; do
    when "delete of $id"
    org DELETE "$ORG_KEYS/$id"
    org_error 404
  done
}

org_scopes() {
  local reader writer id
  make_org reader read
  reader="Authorization: Bearer $KEY" id=$KEY_ID
  make_org writer read-write
  writer="Authorization: Bearer $KEY"
  when "a key of scope read reads"
  call GET "$ORG_KEYS?limit=1" -H "$reader"
  status 200
  call GET "$ORG_KEYS/$id" -H "$reader"
  status 200
  call GET "$ACCOUNTS" -H "$reader"
  status 200
  when "a key of scope read creates"
  send POST "$ORG_KEYS" '{"name":"n"}' -H "$reader"
  org_error 403
  header_like WWW-Authenticate 'error="insufficient_scope"'
  when "a key of scope read changes"
  send PATCH "$ORG_KEYS/$id" '{"name":"n"}' -H "$reader"
  org_error 403
  when "a key of scope read deletes"
  call DELETE "$ORG_KEYS/$id" -H "$reader"
  org_error 403
  when "a key of scope read rotates"
  send POST "$ORG_KEYS/$id/rotate" '{}' -H "$reader"
  org_error 403
  when "a key of scope read makes a service account"
  send POST "$ACCOUNTS" '{"name":"n","permissions":[]}' -H "$reader"
  org_error 403
  when "a key of scope read-write creates"
  send POST "$ORG_KEYS" '{"name":"made by a key"}' -H "$writer"
  enveloped
  id=$(get .data.id)
  field .data.createdBy "$OWNER_ID"
  when "a key of scope read-write deletes"
  call DELETE "$ORG_KEYS/$id" -H "$writer"
  enveloped_without_data
}

org_expiry() {
  local key
  if [ -z "$SLOW" ]; then
    skip "a key that expires (SLOW)"
    return 0
  fi
  when "a key before and after its expiry"
  make_org expiring read ",\"expiresAt\":\"$(later 4)\""
  key=$KEY
  whoami "$key"
  status 200
  sleep 6
  whoami "$key"
  org_error 401
  challenge invalid_token
}

# The UTC time in so many seconds, by GNU or BSD date.
later() {
  date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null ||
    date -u -r "$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ
}

org_rotate() {
  local id key new body
  if ! has rotation; then
    skip "rotation (WITHOUT rotation)"
    return 0
  fi
  make_org rotated read-write ',"description":"kept","expiresAt":"2099-01-01T00:00:00Z"'
  id=$KEY_ID key=$KEY
  org PATCH "$ORG_KEYS/$id" '{"allowedIps":["127.0.0.0/8","::/0","0.0.0.0/0"]}'
  when "rotate without grace"
  org POST "$ORG_KEYS/$id/rotate" '{}'
  enveloped
  keys .data "$ORG_FIELDS key"
  field_like .data.key "$MGP"
  differs .data.key "$key" "$(get .data.key)"
  differs .data.id "$id" "$(get .data.id)"
  field .data.name rotated
  field .data.description kept
  field .data.scope read-write
  field_like .data.expiresAt '^2099-01-01T00:00:00(\.0+)?Z$'
  field_type .data.revokedAt null
  not_stored
  revocation
  new=$(get .data.key)
  body=$(get .data.id)
  whoami "$new"
  status 200
  when "the old key after a rotation without grace"
  whoami "$key"
  org_error 401
  when "the successor keeps the settings"
  org GET "$ORG_KEYS/$body"
  field .data.allowedIps 3
  when "the old key is shown as revoked"
  org GET "$ORG_KEYS/$id"
  field_like .data.revokedAt "$RFC3339_TIME"
  when "rotate of a revoked key"
  org POST "$ORG_KEYS/$id/rotate" '{}'
  org_error 404
  when "rotate without a body"
  make_org rotated read
  org POST "$ORG_KEYS/$KEY_ID/rotate"
  enveloped
  when "rotate with grace"
  make_org rotated read
  id=$KEY_ID key=$KEY
  org POST "$ORG_KEYS/$id/rotate" '{"gracePeriodSeconds":2}'
  enveloped
  new=$(get .data.key)
  whoami "$key"
  status 200
  whoami "$new"
  status 200
  when "the old key after the grace period"
  sleep 3.5
  whoami "$key"
  org_error 401
  whoami "$new"
  status 200
  when "rotate with the longest grace"
  make_org rotated read
  org POST "$ORG_KEYS/$KEY_ID/rotate" '{"gracePeriodSeconds":604800}'
  enveloped
  make_org rotated read
  bad_values envelope POST "$ORG_KEYS/$KEY_ID/rotate" '{"gracePeriodSeconds":@}' \
    '-1 604801 1.5 "1" true {} [] 1e99 99999999999999999999' -H "$OWNER"
  for id in $NO_SUCH_ID not-a-uuid; do
    when "rotate of $id"
    org POST "$ORG_KEYS/$id/rotate" '{}'
    org_error 404
  done
}

org_revoke_by_token() {
  local key
  when "revoke by the token, as its owner"
  make_org leaked read
  key=$KEY
  org POST "$ORG_KEYS/revoke" "{\"token\":\"$key\"}"
  enveloped_without_data
  revocation
  whoami "$key"
  org_error 401
  when "revoke by the token a second time"
  org POST "$ORG_KEYS/revoke" "{\"token\":\"$key\"}"
  org_error 404
  when "revoke by the token, as its holder"
  make_org leaked read-write
  key=$KEY
  send POST "$ORG_KEYS/revoke" "{\"token\":\"$key\"}" -H "Authorization: Bearer $key"
  enveloped_without_data
  whoami "$key"
  org_error 401
  when "revoke by an unknown token"
  org POST "$ORG_KEYS/revoke" "{\"token\":\"$(printf 'mgp_%040d' 0)\"}"
  org_error 404
  for key in '{}' '{"token":null}' '{"token":""}' '{"token":7}'; do
    when "revoke by token with $key"
    org POST "$ORG_KEYS/revoke" "$key"
    org_error 400
  done
}

org_idempotency() {
  local key id again
  if ! has idempotency; then
    skip "Idempotency-Key (WITHOUT idempotency)"
    return 0
  fi
  when "a first call with Idempotency-Key"
  idempotent a '{"name":"once"}'
  enveloped
  no_header Idempotency-Replayed
  id=$(get .data.id)
  key=$(get .data.key)
  when "a replay while the key is unused"
  idempotent a '{"name":"once"}'
  enveloped
  keys .data "$ORG_FIELDS key"
  header_is Idempotency-Replayed true
  field .data.id "$id"
  again=$(get .data.key)
  like "the new token" "$MGP" "$again"
  differs "the new token" "$key" "$again"
  field .data.keyPrefix "$(printf '%s' "$again" | cut -c 1-8)"
  not_stored
  when "the token that was replaced"
  whoami "$key"
  org_error 401
  when "another body under the same Idempotency-Key"
  idempotent a '{"name":"twice"}'
  org_error 422
  when "a replay after the key was used"
  whoami "$again"
  status 200
  idempotent a '{"name":"once"}'
  org_error 409
  when "the used key stays good"
  whoami "$again"
  status 200
  when "another Idempotency-Key makes another key"
  idempotent b '{"name":"once"}'
  enveloped
  differs .data.id "$id" "$(get .data.id)"
  no_header Idempotency-Replayed
  when "the same Idempotency-Key under another credential"
  make_org "of its own" read-write
  send POST "$ORG_KEYS" '{"name":"once"}' -H "Authorization: Bearer $KEY" \
    -H "Idempotency-Key: $RUN-b"
  enveloped
  no_header Idempotency-Replayed
  when "a refused call is not kept"
  idempotent c '{"name":""}'
  org_error 400
  idempotent c '{"name":""}'
  org_error 400
}

idempotent() { # suffix body
  send POST "$ORG_KEYS" "$2" -H "$OWNER" -H "Idempotency-Key: $RUN-$1"
}

org_last_used_shows() { # id
  org GET "$ORG_KEYS/$1"
  [ "$(type_of .data.lastUsedAt)" = string ]
}

org_use() {
  local key id
  if ! has usage; then
    skip "lastUsedAt (WITHOUT usage)"
    return 0
  fi
  make_org used read
  key=$KEY id=$KEY_ID
  when "a use shows its time, address and agent"
  call GET /v1/whoami -H "Authorization: Bearer $key" -A 'walker/1.0' \
    -H 'X-Forwarded-For: 198.51.100.7'
  status 200
  until_true org_last_used_shows "$id"
  field_like .data.lastUsedAt "$RFC3339_TIME"
  field .data.lastUsedUserAgent walker/1.0
  if [ -n "$TRUSTED_FORWARDING" ]; then
    field .data.lastUsedIp 198.51.100.7
  else
    field_like .data.lastUsedIp '^[0-9a-f.:]+$'
    differs .data.lastUsedIp 198.51.100.7 "$(get .data.lastUsedIp)"
  fi
}

org_service_accounts() {
  local id key second body
  when "make a service account"
  org POST "$ACCOUNTS" "{\"name\":\"robot $RUN\",\"permissions\":[\"deploy\",\"read:logs\"]}"
  enveloped
  keys .data "$ACCOUNT_FIELDS"
  id=$(get .data.id)
  field_like .data.id "$UUID"
  field .data.name "robot $RUN"
  field .data.status active
  field .data.permissions 2
  field '.data.permissions[0]' deploy
  field '.data.permissions[1]' read:logs
  field_type .data.description null
  field_type .data.disabledAt null
  field_like .data.createdAt "$RFC3339_TIME"
  field_like .data.organizationId "$UUID"
  field .data.createdBy "$OWNER_ID"
  when "make a service account of a taken name"
  org POST "$ACCOUNTS" "{\"name\":\"robot $RUN\",\"permissions\":[]}"
  org_error 409
  when "make a service account with description and no permission"
  org POST "$ACCOUNTS" "{\"name\":\"second $RUN\",\"permissions\":[],\"description\":\"d\"}"
  enveloped
  second=$(get .data.id)
  field .data.permissions 0
  field .data.description d
  for body in '{}' '{"permissions":[]}' '{"name":"x"}' '{"name":"","permissions":[]}' \
    '{"name":7,"permissions":[]}' '{"name":"x","permissions":null}' \
    '{"name":"x","permissions":"all"}' '{"name":"x","permissions":[7]}' \
    '{"name":"x","permissions":[null]}' '{"name":"x","permissions":[],"description":7}'; do
    when "make a service account with $body"
    org POST "$ACCOUNTS" "$body"
    org_error 400
  done
  when "list service accounts"
  org GET "$ACCOUNTS"
  enveloped
  keys .data "items limit offset hasMore"
  keys "$(row .data.items id "$id")" "$ACCOUNT_FIELDS"
  field .data.limit 20
  before .data.items "$second" "$id"
  newest_first .data.items createdAt
  org GET "$ACCOUNTS?limit=1&offset=1"
  field '.data.items[0].id' "$id"
  for body in limit=0 limit=101 limit=x offset=-1; do
    when "list service accounts with $body"
    org GET "$ACCOUNTS?$body"
    org_error 400
  done
  when "get a service account"
  org GET "$ACCOUNTS/$id"
  enveloped
  keys .data "$ACCOUNT_FIELDS"
  field .data.id "$id"
  when "change a service account"
  org PATCH "$ACCOUNTS/$id" \
    "{\"name\":\"better $RUN\",\"description\":\"d\",\"permissions\":[\"only\"]}"
  enveloped
  keys .data "$ACCOUNT_FIELDS"
  field .data.name "better $RUN"
  field .data.description d
  field .data.permissions 1
  field '.data.permissions[0]' only
  when "change a service account's name to a taken one"
  org PATCH "$ACCOUNTS/$id" "{\"name\":\"second $RUN\"}"
  org_error 409
  when "change a service account badly"
  org PATCH "$ACCOUNTS/$id" '{"permissions":"x"}'
  org_error 400
  org PATCH "$ACCOUNTS/$id" '{"name":null}'
  org_error 400
  for body in "$NO_SUCH_ID" not-a-uuid; do
    when "service account $body"
    org GET "$ACCOUNTS/$body"
    org_error 404
    org PATCH "$ACCOUNTS/$body" '{"name":"x"}'
    org_error 404
    org POST "$ACCOUNTS/$body/disable"
    org_error 404
    org POST "$ACCOUNTS/$body/enable"
    org_error 404
  done
  when "a key of a service account"
  make_org "robot key" read-write ",\"serviceAccountId\":\"$id\""
  key=$KEY
  field .data.serviceAccountId "$id"
  field_type .data.userId null
  field .data.createdBy "$OWNER_ID"
  whoami "$key"
  status 200
  field .data.serviceAccountId "$id"
  when "disable"
  org POST "$ACCOUNTS/$id/disable"
  enveloped
  keys .data "$ACCOUNT_FIELDS"
  field .data.status disabled
  field_like .data.disabledAt "$RFC3339_TIME"
  revocation
  when "the keys of a disabled service account"
  whoami "$key"
  org_error 401
  when "a new key for a disabled service account"
  org POST "$ORG_KEYS" "{\"name\":\"n\",\"serviceAccountId\":\"$id\"}"
  org_error 400
  when "enable"
  org POST "$ACCOUNTS/$id/enable"
  enveloped
  field .data.status active
  field_type .data.disabledAt null
  when "the keys of a service account that was enabled again"
  whoami "$key"
  status 200
}

org_whoami() {
  when "whoami of a session"
  org GET /v1/whoami
  enveloped
  keys .data "accountId organizationId serviceAccountId keyId scope method"
  field .data.accountId "$OWNER_ID"
  field_like .data.organizationId "$UUID"
  field_type .data.serviceAccountId null
  field_type .data.keyId null
  field_type .data.method string
  when "whoami of an organization key"
  make_org me read
  whoami "$KEY"
  enveloped
  keys .data "accountId organizationId serviceAccountId keyId scope method"
  field .data.keyId "$KEY_ID"
  field .data.accountId "$OWNER_ID"
  field .data.scope read
  when "whoami of a Magpipe key"
  make_mgp me
  whoami "$KEY"
  enveloped
  field .data.keyId "$KEY_ID"
  field .data.accountId "$OWNER_ID"
  clear_mgp
  when "whoami of a MagicPost key"
  if cookie_in "$EMAIL" "$PASSWORD" && make_mp me; then
    whoami "$KEY"
    enveloped
    field .data.keyId "$KEY_ID"
    field .data.accountId "$OWNER_ID"
    clear_mp
  fi
}

org_members() {
  local id mine
  if ! member; then
    skip "owners and members (MEMBER_EMAIL)"
    return 0
  fi
  make_org "the owner's" read
  mine=$KEY_ID
  send POST "$ORG_KEYS" '{"name":"a member'"'"'s"}' -H "$MEMBER"
  id=$(get .data.id)
  when "a member makes a key"
  enveloped
  field .data.createdBy "$MEMBER_ID"
  when "a member sees its own keys"
  call GET "$ORG_KEYS" -H "$MEMBER"
  is "its key in the list" 1 "$(row .data.items id "$id" | grep -c .)"
  is "the owner's key in the list" 0 "$(row .data.items id "$mine" | grep -c .)"
  when "a member and the owner's key"
  call GET "$ORG_KEYS/$mine" -H "$MEMBER"
  org_error 404
  send PATCH "$ORG_KEYS/$mine" '{"name":"x"}' -H "$MEMBER"
  org_error 404
  call DELETE "$ORG_KEYS/$mine" -H "$MEMBER"
  org_error 404
  when "the owner and a member's key"
  org GET "$ORG_KEYS/$id"
  enveloped
  org PATCH "$ORG_KEYS/$id" '{"name":"changed by the owner"}'
  enveloped
  org DELETE "$ORG_KEYS/$id"
  enveloped_without_data
  when "a member and the audit"
  call GET /v1/audit -H "$MEMBER"
  org_error 403
}

org_strangers() {
  local id account
  if ! other; then
    skip "another organization (OTHER_EMAIL)"
    return 0
  fi
  make_org "not theirs" read
  id=$KEY_ID
  org POST "$ACCOUNTS" "{\"name\":\"not theirs $RUN\",\"permissions\":[]}"
  account=$(get .data.id)
  when "a stranger and our key"
  call GET "$ORG_KEYS/$id" -H "$OTHER"
  org_error 404
  send PATCH "$ORG_KEYS/$id" '{"name":"x"}' -H "$OTHER"
  org_error 404
  send POST "$ORG_KEYS/$id/rotate" '{}' -H "$OTHER"
  org_error 404
  call DELETE "$ORG_KEYS/$id" -H "$OTHER"
  org_error 404
  when "a stranger and our service account"
  call GET "$ACCOUNTS/$account" -H "$OTHER"
  org_error 404
  call POST "$ACCOUNTS/$account/disable" -H "$OTHER"
  org_error 404
  send POST "$ORG_KEYS" "{\"name\":\"n\",\"serviceAccountId\":\"$account\"}" -H "$OTHER"
  org_error 400
  when "a stranger may use a taken name"
  send POST "$ACCOUNTS" "{\"name\":\"not theirs $RUN\",\"permissions\":[]}" -H "$OTHER"
  status 200
  when "a stranger's list"
  call GET "$ORG_KEYS?limit=100" -H "$OTHER"
  is "our key in it" "" "$(row .data.items id "$id")"
}

# Contract section 7, as far as the owner of a key sees it. No receiver is needed: a localhost is no
# public address, so every attempt fails.
org_webhooks() {
  local hooked delivery id path action
  clear_mgp # there may be ten
  when "deliveries of a key with a webhook"
  send POST /functions/v1/manage-api-keys "{\"action\":\"generate\",\"name\":\"hooked $RUN\",
    \"webhook_url\":\"https://hooks.localhost/in\"}" -H "$OWNER"
  made .key .id || return 0
  id=$KEY_ID
  hooked=$ORG_KEYS/$id
  until_true org_attempted "$hooked" || wrong "the first attempt" "within five seconds" none
  enveloped
  keys .data "items limit offset hasMore"
  keys ".data.items[0]" "$DELIVERY_FIELDS"
  field ".data.items[0].event" api_key.created
  field ".data.items[0].status" pending
  field ".data.items[0].url" https://hooks.localhost/in
  field_like ".data.items[0].attemptedAt" "$RFC3339_TIME"
  field_like ".data.items[0].nextAttemptAt" "$RFC3339_TIME"
  delivery=$hooked/deliveries/$(get ".data.items[0].id")
  when "one delivery"
  org GET "$delivery"
  enveloped
  keys .data "$DELIVERY_FIELDS body history"
  keys ".data.history[0]" "answer attemptedAt durationMs failure httpStatus requestHeaders url"
  field_like ".data.body" '"event":"api_key.created"'
  org_replays "$hooked" "$delivery"
  org_webhook_refusals "$hooked" "$delivery"
  when "a webhook that was taken away"
  send POST /functions/v1/manage-api-keys "{\"action\":\"update\",\"key_id\":\"$id\"}" -H "$OWNER"
  status 200
  for path in "$delivery/replay" "$hooked/webhook/test" "$hooked/webhook/rotate-secret"; do
    org POST "$path"
    org_error 409
  done
  when "what was done with webhooks, in the audit"
  org GET "/v1/audit?limit=10"
  for action in webhook.replayed webhook.tested webhook.secret_rotated; do
    is "$action" yes "$(column .data.items action | grep -qx "$action" && echo yes)"
  done
}

org_attempted() { # path of the key
  org GET "$1/deliveries"
  [ "$(get ".data.items[0].attempts")" = 1 ]
}

org_replays() { # path of the key, path of the delivery
  when "replay of one delivery"
  org POST "$2/replay"
  enveloped
  field .data.replayed 1
  when "replay of a range without any delivery"
  org POST "$1/webhook/replay" '{"status":"delivered","until":"2020-01-01T00:00:00Z"}'
  enveloped
  field .data.replayed 0
  when "test event"
  org POST "$1/webhook/test"
  enveloped
  field_like .data.deliveryId "$UUID"
  when "another secret"
  org POST "$1/webhook/rotate-secret" '{"overlapSeconds":60}'
  enveloped
  not_stored
  keys .data "webhookUrl webhookSecret"
  field_like .data.webhookSecret "$WHSEC"
}

org_webhook_refusals() { # path of the key, path of the delivery
  local path method read
  for path in "GET $1/deliveries" "GET $2" "POST $2/replay" "POST $1/webhook/replay" \
    "POST $1/webhook/test" "POST $1/webhook/rotate-secret"; do
    method=${path%% *}
    path=${path#* }
    when "$method $path without a credential"
    call "$method" "$path"
    org_error 401
    challenge
    when "$method $path with a slash in the id"
    call "$method" "${path/"${1##*/}"/a%2Fb}" -H "$OWNER"
    status 400
    if [ "$method" = POST ]; then
      when "POST $path with too long a body"
      send POST "$path" "{\"x\":\"$(repeat 66000 x)\"}" -H "$OWNER"
      org_error 413
    fi
    if other; then
      when "$method $path of somebody else"
      send "$method" "$path" '{}' -H "$OTHER"
      org_error 404
    fi
  done
  make_org "reader of webhooks" read
  read=$KEY
  for path in "$2/replay" "$1/webhook/replay" "$1/webhook/test" "$1/webhook/rotate-secret"; do
    when "POST $path with a key that may read"
    send POST "$path" '{}' -H "Authorization: Bearer $read"
    org_error 403
  done
  for path in "$1/deliveries?status=lost" "$1/deliveries?limit=0"; do
    when "GET $path"
    org GET "$path"
    org_error 400
  done
  for path in "$1/deliveries/$NO_SUCH_ID" "$ORG_KEYS/$NO_SUCH_ID/deliveries"; do
    when "GET $path"
    org GET "$path"
    org_error 404
  done
  when "replay of a range that is none"
  org POST "$1/webhook/replay" '{"from":"yesterday"}'
  org_error 400
  when "another secret with an overlap that is too long"
  org POST "$1/webhook/rotate-secret" '{"overlapSeconds":604801}'
  org_error 400
}

org_audit() {
  when "audit"
  org GET "/v1/audit?limit=5"
  enveloped
  keys .data "items limit offset hasMore"
  field .data.limit 5
  field .data.items 5
  field .data.hasMore true
  for limit in limit=0 limit=101 offset=-1; do
    when "audit with $limit"
    org GET "/v1/audit?$limit"
    org_error 400
  done
}

org_bad_input() {
  local id account
  make_org "for bad input" read
  id=$KEY_ID
  org POST "$ACCOUNTS" "{\"name\":\"for bad input $RUN\",\"permissions\":[]}"
  account=$(get .data.id)
  bad_texts envelope POST "$ORG_KEYS" -H "$OWNER"
  bad_texts envelope PATCH "$ORG_KEYS/$id" -H "$OWNER"
  bad_texts envelope POST "$ORG_KEYS/$id/rotate" -H "$OWNER"
  bad_texts envelope POST "$ORG_KEYS/revoke" -H "$OWNER"
  bad_texts envelope POST "$ACCOUNTS" -H "$OWNER"
  bad_texts envelope PATCH "$ACCOUNTS/$account" -H "$OWNER"
  bad_strings envelope POST "$ORG_KEYS" '{"name":@}' -H "$OWNER"
  bad_strings envelope POST "$ORG_KEYS" '{"name":"n","description":@}' -H "$OWNER"
  bad_strings envelope POST "$ORG_KEYS" '{"name":"n","expiresAt":@}' -H "$OWNER"
  bad_strings envelope POST "$ORG_KEYS" '{"name":"n","scope":@}' -H "$OWNER"
  bad_strings envelope POST "$ORG_KEYS" '{"name":"n","serviceAccountId":@}' -H "$OWNER"
  bad_strings envelope PATCH "$ORG_KEYS/$id" '{"name":@}' -H "$OWNER"
  bad_strings envelope PATCH "$ORG_KEYS/$id" '{"rateLimit":{"limit":1,"windowSeconds":1,"x":@}}' -H "$OWNER"
  ALSO=404 bad_strings envelope POST "$ORG_KEYS/revoke" '{"token":@}' -H "$OWNER"
  bad_strings envelope POST "$ACCOUNTS" '{"name":@,"permissions":[]}' -H "$OWNER"
  bad_strings envelope POST "$ACCOUNTS" '{"name":"n","permissions":[@]}' -H "$OWNER"
  bad_strings envelope PATCH "$ACCOUNTS/$account" '{"description":@}' -H "$OWNER"
  wrong_methods envelope "$ORG_KEYS" "PUT PATCH DELETE" GET
  wrong_methods envelope "$ORG_KEYS/$id" "POST PUT" PATCH -H "$OWNER"
  wrong_methods envelope "$ORG_KEYS/$id/rotate" "GET PUT" POST
  wrong_methods envelope "$ACCOUNTS" "PUT PATCH DELETE" POST
  wrong_methods envelope "$ACCOUNTS/$account" "POST PUT DELETE" PATCH -H "$OWNER"
  wrong_methods envelope "$ACCOUNTS/$account/disable" "GET PUT" POST
  wrong_methods envelope "$ACCOUNTS/$account/enable" "GET PUT" POST
  wrong_methods envelope /v1/whoami "POST PUT DELETE" GET -H "$OWNER"
  wrong_methods envelope /v1/audit "POST PUT DELETE" GET -H "$OWNER"
}
