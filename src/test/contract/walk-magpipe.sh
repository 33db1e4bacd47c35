# SPDX-License-Identifier: Apache-2.0
#
# Contract section 2: the Magpipe dialect.

MANAGE=/functions/v1/manage-api-keys
NO_UUID=not-a-uuid

manage() { send POST "$MANAGE" "$1" -H "$OWNER"; }

walk_magpipe() {
  owner || return 0
  clear_mgp
  magpipe_credentials
  magpipe_actions
  magpipe_generate
  magpipe_names
  magpipe_urls
  magpipe_list
  magpipe_update
  magpipe_revoke
  magpipe_keys_manage
  magpipe_others
  magpipe_use
  magpipe_cap
  magpipe_bad_input
  magpipe_browser
  clear_mgp
}

magpipe_credentials() {
  local path secret
  for path in "$MANAGE" /manage-api-keys; do
    when "$path without a credential"
    send POST "$path" '{"action":"list"}'
    status 401
    body_is '{"error":"Unauthorized"}'
    challenge
    has_header X-Request-Id && good "X-Request-Id is there" || wrong X-Request-Id "an id" none
  done
  for secret in "$(printf 'mgp_%040d' 0)" "mgp_" "$(printf 'MGP_%040d' 0)" "eyJhbGciOiJub25lIn0.e30." \
    "mp_$(repeat 43 A)" "junk" "a b"; do
    when "Bearer $secret"
    send POST "$MANAGE" '{"action":"list"}' -H "Authorization: Bearer $secret"
    status 401
    body_is '{"error":"Unauthorized"}'
    challenge invalid_token
  done
  when "Basic credentials"
  send POST "$MANAGE" '{"action":"list"}' -H 'Authorization: Basic YTpi'
  status 401
  body_is '{"error":"Unauthorized"}'
  when "two Authorization headers"
  send POST "$MANAGE" '{"action":"list"}' -H "$OWNER" -H "$OWNER"
  status 401
  body_is '{"error":"Unauthorized"}'
  when "a bad credential and a bad body"
  send POST "$MANAGE" '{' -H 'Authorization: Bearer junk'
  status 401
  body_is '{"error":"Unauthorized"}'
  when "the scheme in lower case"
  send POST "$MANAGE" '{"action":"list"}' -H "authorization: bearer ${OWNER#*Bearer }"
  status 200
  if has sessions; then
    when "a session cookie instead of a credential"
    if cookie_in "$EMAIL" "$PASSWORD"; then
      send POST "$MANAGE" '{"action":"list"}' -b "$COOKIE"
      status 401
      body_is '{"error":"Unauthorized"}'
    fi
  fi
}

magpipe_actions() {
  local body none='{"error":"Invalid action. Use: generate, list, revoke, update"}'
  for body in '{}' '{"action":"destroy"}' '{"action":"List"}' '{"action":null}' '{"action":7}' \
    '{"action":["list"]}' '[]' '"list"' 'null' '42' '{' 'hello' ''; do
    when "the body <$body>"
    manage "$body"
    status 400
    body_is "$none"
  done
  for type in text/plain application/x-www-form-urlencoded 'application/json; charset=utf-8'; do
    when "a body of type $type"
    call POST "$MANAGE" -H "Content-Type: $type" -H "$OWNER" --data '{"action":"list"}'
    status 200
    keys . keys
  done
  when "a body of no type"
  call POST "$MANAGE" -H 'Content-Type:' -H "$OWNER" --data '{"action":"list"}'
  status 200
  when "the other mount"
  send POST /manage-api-keys '{"action":"list"}' -H "$OWNER"
  status 200
  keys . keys
}

magpipe_generate() {
  when "generate"
  manage '{"action":"generate","name":"plain"}'
  status 200
  keys . "key id name key_prefix created_at webhook_secret"
  field_like .key "$MGP"
  field_like .id "$UUID"
  field .name plain
  field .key_prefix "$(get .key | cut -c 1-8)"
  field_like .created_at "$POSTGRES_TIME"
  field_type .webhook_secret null
  not_stored
  header_like Content-Type '^application/json'
  when "generate with a webhook"
  manage '{"action":"generate","name":"hook","webhook_url":"https://example.com/hook?a=b"}'
  status 200
  keys . "key id name key_prefix created_at webhook_secret"
  field_like .webhook_secret "$WHSEC"
  when "generate with webhook_url null"
  manage '{"action":"generate","name":"null hook","webhook_url":null}'
  status 200
  field_type .webhook_secret null
  when "generate with a member nobody knows"
  manage '{"action":"generate","name":"extra","colour":"blue"}'
  status 200
  clear_mgp
}

magpipe_names() {
  local body name
  for body in '{"action":"generate"}' '{"action":"generate","name":null}' \
    '{"action":"generate","name":7}' '{"action":"generate","name":{}}' \
    '{"action":"generate","name":""}' '{"action":"generate","name":"  \t\n "}'; do
    when "$body"
    manage "$body"
    status 400
    body_is '{"error":"Key name is required"}'
  done
  when "a name with blanks around it"
  manage '{"action":"generate","name":"  two words "}'
  status 200
  field .name "two words"
  when "a name of 64 characters outside the basic plane"
  name=$(repeat 64 $'\xf0\x9f\x98\x80')
  manage "{\"action\":\"generate\",\"name\":\"$name\"}"
  status 200
  field .name "$name"
  when "a name of 64 characters and blanks around it"
  name=$(repeat 64 x)
  manage "{\"action\":\"generate\",\"name\":\" $name \"}"
  status 200
  field .name "$name"
  when "a name of 65 characters"
  manage "{\"action\":\"generate\",\"name\":\"${name}y\"}"
  status 400
  body_is '{"error":"Key name must be at most 64 characters"}'
  when "names that come back as they went"
  for name in 'quote \" and \\ backslash' $'caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac' '<b>&amp;</b>' \
    "Robert'); DROP TABLE api_keys;--" $'cafe\xcc\x81' $'\xe2\x80\xaertl'; do
    manage "{\"action\":\"generate\",\"name\":\"$name\"}"
    status 200
    field .name "$(printf '"%s"' "$name" | awk -f "$here/json.awk" | cut -f 3)"
  done
  clear_mgp
  when "an escaped name"
  manage '{"action":"generate","name":"caf\u00e9 \ud83d\ude00 \/"}'
  status 200
  field .name $'caf\xc3\xa9 \xf0\x9f\x98\x80 /'
  clear_mgp
}

magpipe_urls() {
  local url long
  for url in '"http://example.com/"' '"ftp://example.com/"' '"example.com"' '"https://"' '"https:///x"' \
    '"https://exa mple.com/"' '"javascript:alert(1)"' 7 true '{}' '["https://example.com"]'; do
    when "generate with webhook_url $url"
    manage "{\"action\":\"generate\",\"name\":\"n\",\"webhook_url\":$url}"
    status 400
    body_is '{"error":"Invalid webhook URL. Must be a valid HTTPS URL."}'
  done
  long=https://example.com/$(repeat 2028 x)
  when "a webhook URL of 2048 characters"
  manage "{\"action\":\"generate\",\"name\":\"n\",\"webhook_url\":\"$long\"}"
  status 200
  when "a webhook URL of 2049 characters"
  manage "{\"action\":\"generate\",\"name\":\"n\",\"webhook_url\":\"${long}x\"}"
  status 400
  body_is '{"error":"Invalid webhook URL. Must be a valid HTTPS URL."}'
  when "a bad name and a bad URL: the name first"
  manage '{"action":"generate","name":" ","webhook_url":"nowhere"}'
  status 400
  body_is '{"error":"Key name is required"}'
  clear_mgp
}

magpipe_list() {
  local first second secret at
  manage '{"action":"generate","name":"first","webhook_url":"https://example.com/first"}'
  first=$(get .id)
  secret=$(get .webhook_secret)
  manage '{"action":"generate","name":"second"}'
  second=$(get .id)
  manage "{\"action\":\"revoke\",\"key_id\":\"$first\"}"
  when "list"
  manage '{"action":"list"}'
  status 200
  keys . keys
  field_type .keys array
  at=$(row .keys id "$second")
  keys "$at" "id name key_prefix webhook_url webhook_secret is_active created_at last_used_at"
  field "$at.name" second
  field_like "$at.key_prefix" '^mgp_[0-9a-f]{4}$'
  field_type "$at.webhook_url" null
  field_type "$at.webhook_secret" null
  field_type "$at.is_active" boolean
  field "$at.is_active" true
  field_like "$at.created_at" "$POSTGRES_TIME"
  field_type "$at.last_used_at" null
  newest_first .keys created_at
  before .keys "$second" "$first"
  when "list, a revoked key"
  at=$(row .keys id "$first")
  keys "$at" "id name key_prefix webhook_url webhook_secret is_active created_at last_used_at"
  field "$at.is_active" false
  field "$at.webhook_url" https://example.com/first
  field "$at.webhook_secret" "$secret"
}

magpipe_update() {
  local id secret body
  manage '{"action":"generate","name":"updated"}'
  id=$(get .id)
  when "update: a first URL"
  manage "{\"action\":\"update\",\"key_id\":\"$id\",\"webhook_url\":\"https://example.com/1\"}"
  status 200
  keys . "success webhook_url webhook_secret"
  field .success true
  field_type .success boolean
  field .webhook_url https://example.com/1
  field_like .webhook_secret "$WHSEC"
  secret=$(get .webhook_secret)
  when "update: another URL keeps the secret"
  manage "{\"action\":\"update\",\"key_id\":\"$id\",\"webhook_url\":\"https://example.com/2\"}"
  status 200
  body_is "{\"success\":true,\"webhook_url\":\"https://example.com/2\",\"webhook_secret\":\"$secret\"}"
  when "update: the list shows it"
  manage '{"action":"list"}'
  field "$(row .keys id "$id").webhook_url" https://example.com/2
  field "$(row .keys id "$id").webhook_secret" "$secret"
  for body in null '""'; do
    when "update: webhook_url $body clears"
    manage "{\"action\":\"update\",\"key_id\":\"$id\",\"webhook_url\":$body}"
    status 200
    body_is '{"success":true,"webhook_url":null,"webhook_secret":null}'
    when "update: a URL after clearing makes another secret"
    manage "{\"action\":\"update\",\"key_id\":\"$id\",\"webhook_url\":\"https://example.com/3\"}"
    status 200
    field_like .webhook_secret "$WHSEC"
    differs .webhook_secret "$secret" "$(get .webhook_secret)"
    secret=$(get .webhook_secret)
  done
  for body in '"http://example.com"' '"x"' 7 '{}' true; do
    when "update with webhook_url $body"
    manage "{\"action\":\"update\",\"key_id\":\"$id\",\"webhook_url\":$body}"
    status 400
    body_is '{"error":"Invalid webhook URL. Must be a valid HTTPS URL."}'
  done
  for body in '{"action":"update"}' '{"action":"update","key_id":null}' '{"action":"update","key_id":""}' \
    '{"action":"update","key_id":7}' '{"action":"update","key_id":["x"]}'; do
    when "$body"
    manage "$body"
    status 400
    body_is '{"error":"key_id is required"}'
  done
  for body in $NO_SUCH_ID $NO_UUID "${id}x" "$id "; do
    when "update of key_id <$body>"
    manage "{\"action\":\"update\",\"key_id\":\"$body\",\"webhook_url\":\"https://example.com/\"}"
    status 404
    body_is '{"error":"API key not found"}'
  done
  when "update of a revoked key"
  manage "{\"action\":\"revoke\",\"key_id\":\"$id\"}"
  manage "{\"action\":\"update\",\"key_id\":\"$id\",\"webhook_url\":\"https://example.com/\"}"
  status 404
  body_is '{"error":"API key not found"}'
}

magpipe_revoke() {
  local body id gone='{"error":"API key not found or already revoked"}'
  manage '{"action":"generate","name":"revoked"}'
  id=$(get .id)
  when "revoke"
  manage "{\"action\":\"revoke\",\"key_id\":\"$id\"}"
  status 200
  body_is '{"success":true}'
  revocation
  when "revoke a second time"
  manage "{\"action\":\"revoke\",\"key_id\":\"$id\"}"
  status 404
  body_is "$gone"
  revocation
  for body in $NO_SUCH_ID $NO_UUID; do
    when "revoke of key_id $body"
    manage "{\"action\":\"revoke\",\"key_id\":\"$body\"}"
    status 404
    body_is "$gone"
  done
  for body in '{"action":"revoke"}' '{"action":"revoke","key_id":""}' '{"action":"revoke","key_id":7}' \
    '{"action":"revoke","key_id":null}'; do
    when "$body"
    manage "$body"
    status 400
    body_is '{"error":"key_id is required"}'
  done
  when "two revokes at once: one 200, one 404"
  manage '{"action":"generate","name":"raced"}'
  id=$(get .id)
  printf '{"action":"revoke","key_id":"%s"}' "$id" >"$SCRATCH/race"
  is "both statuses" "200 404" "$({ race_revoke & race_revoke & wait; } | sorted)"
}

race_revoke() {
  curl -q -s --noproxy '*' -o /dev/null -w '%{http_code}\n' -X POST -H "$OWNER" \
    --data-binary "@$SCRATCH/race" "$BASE$MANAGE"
}

magpipe_keys_manage() {
  local key id
  make_mgp "manager"
  key=$KEY id=$KEY_ID
  when "a key lists"
  send POST "$MANAGE" '{"action":"list"}' -H "Authorization: Bearer $key"
  status 200
  field "$(row .keys id "$id").name" manager
  when "a key generates"
  send POST "$MANAGE" '{"action":"generate","name":"child"}' -H "Authorization: Bearer $key"
  status 200
  field_like .key "$MGP"
  when "a key revokes itself"
  send POST "$MANAGE" "{\"action\":\"revoke\",\"key_id\":\"$id\"}" -H "Authorization: Bearer $key"
  status 200
  body_is '{"success":true}'
  when "after that it is refused"
  send POST "$MANAGE" '{"action":"list"}' -H "Authorization: Bearer $key"
  status 401
  body_is '{"error":"Unauthorized"}'
  challenge invalid_token
}

magpipe_others() {
  local id
  if ! other; then
    skip "keys of another account (OTHER_EMAIL)"
    return 0
  fi
  make_mgp mine
  id=$KEY_ID
  when "a stranger's update"
  send POST "$MANAGE" "{\"action\":\"update\",\"key_id\":\"$id\",\"webhook_url\":null}" -H "$OTHER"
  status 404
  body_is '{"error":"API key not found"}'
  when "a stranger's revoke"
  send POST "$MANAGE" "{\"action\":\"revoke\",\"key_id\":\"$id\"}" -H "$OTHER"
  status 404
  body_is '{"error":"API key not found or already revoked"}'
  when "a stranger's list"
  send POST "$MANAGE" '{"action":"list"}' -H "$OTHER"
  status 200
  is "the key in it" "" "$(row .keys id "$id")"
}

last_used_shows() { # id
  manage '{"action":"list"}'
  [ "$(type_of "$(row .keys id "$1").last_used_at")" = string ]
}

magpipe_use() {
  local key id
  if ! has usage; then
    skip "last_used_at (WITHOUT usage)"
    return 0
  fi
  make_mgp used
  key=$KEY id=$KEY_ID
  when "a key's use moves last_used_at"
  send POST "$MANAGE" '{"action":"list"}' -H "Authorization: Bearer $key"
  status 200
  until_true last_used_shows "$id"
  field_like "$(row .keys id "$id").last_used_at" "$POSTGRES_TIME"
  clear_mgp
}

magpipe_cap() {
  local i id=
  clear_mgp
  i=0
  [ -z "$MGP_KEY" ] || i=1 # the walk's own key counts
  while [ "$i" -lt 10 ]; do
    i=$((i + 1))
    make_mgp "number $i" && id=$KEY_ID
  done
  when "the eleventh active key"
  manage '{"action":"generate","name":"number 11"}'
  status 400
  body_is '{"error":"Maximum of 10 active API keys allowed"}'
  when "the eleventh with a bad URL: the URL first"
  manage '{"action":"generate","name":"number 11","webhook_url":"nowhere"}'
  status 400
  body_is '{"error":"Invalid webhook URL. Must be a valid HTTPS URL."}'
  when "the eleventh with a bad name: the name first"
  manage '{"action":"generate","name":""}'
  status 400
  body_is '{"error":"Key name is required"}'
  when "a revoked key makes room for one"
  manage "{\"action\":\"revoke\",\"key_id\":\"$id\"}"
  printf '{"action":"generate","name":"raced"}' >"$SCRATCH/race"
  is "five creates at once at nine of ten" "200 400 400 400 400" \
    "$({ race_revoke & race_revoke & race_revoke & race_revoke & race_revoke & wait; } | sorted)"
  clear_mgp
}

magpipe_bad_input() {
  local auth="$OWNER" path
  for path in "$MANAGE" /manage-api-keys; do
    bad_texts flat POST "$path" -H "$auth"
  done
  bad_strings flat POST "$MANAGE" '{"action":@}' -H "$auth"
  bad_strings flat POST "$MANAGE" '{"action":"generate","name":@}' -H "$auth"
  bad_strings flat POST "$MANAGE" '{"action":"generate","name":"n","webhook_url":@}' -H "$auth"
  ALSO=404 bad_strings flat POST "$MANAGE" '{"action":"revoke","key_id":@}' -H "$auth"
  ALSO=404 bad_strings flat POST "$MANAGE" '{"action":"update","key_id":@}' -H "$auth"
  wrong_methods flat "$MANAGE" "GET PUT PATCH DELETE" POST
  wrong_methods flat /manage-api-keys "GET PUT PATCH DELETE" POST
  wrong_methods flat "$MANAGE" "GET" POST -H "$auth"
  clear_mgp
}

magpipe_browser() {
  when "preflight"
  call OPTIONS "$MANAGE" -H 'Origin: https://anywhere.example' \
    -H 'Access-Control-Request-Method: POST' \
    -H 'Access-Control-Request-Headers: authorization, content-type'
  status 200
  is body ok "$(cat "$SCRATCH/body")"
  header_is Access-Control-Allow-Origin '*'
  header_is Access-Control-Allow-Headers 'authorization, x-client-info, apikey, content-type'
  when "an answer to a browser"
  send POST "$MANAGE" '{"action":"list"}' -H "$OWNER" -H 'Origin: https://anywhere.example'
  status 200
  header_is Access-Control-Allow-Origin '*'
  when "a refusal to a browser"
  send POST "$MANAGE" '{"action":"list"}' -H 'Origin: https://anywhere.example'
  status 401
  header_is Access-Control-Allow-Origin '*'
  when "a request id"
  send POST "$MANAGE" '{"action":"list"}' -H "$OWNER" -H 'X-Request-Id: walk.1_2-3'
  header_is X-Request-Id walk.1_2-3
  when "a request id that is not sane"
  send POST "$MANAGE" '{"action":"list"}' -H "$OWNER" -H 'X-Request-Id: a b<c>'
  header_like X-Request-Id '^[A-Za-z0-9._-]{1,128}$'
}
