# SPDX-License-Identifier: Apache-2.0
#
# Contract section 6: what a proxied request meets. One upstream takes every path.

IDENTITY="x-maglatch-key-id x-maglatch-account-id x-maglatch-organization-id
  x-maglatch-service-account-id x-maglatch-scopes x-maglatch-auth-method"
UNAUTHORIZED='{"error":{"code":"unauthorized","message":"Unauthorized"}}'

proxied_error() { # status code
  status "$1"
  shape_proxied
  field .error.code "$2"
}

# The first value of a header as the upstream saw it.
arrived() { get ".headers.$1[0]"; }

arrived_is() { is "$1 upstream" "$2" "$(arrived "$1")"; }

not_arrived() {
  if [ -z "$(type_of ".headers.$1")" ]; then good "no $1 upstream"; else
    wrong "$1 upstream" none "$(arrived "$1")"; fi
}

walk_proxy() {
  owner || return 0
  clear_mgp
  make_mgp "for the proxy" || return 0
  PROXY_KEY=$KEY PROXY_ID=$KEY_ID
  CALLER="Authorization: Bearer $PROXY_KEY"
  proxy_refusals
  proxy_dialects
  if [ -n "$UPSTREAM_ECHO" ]; then
    proxy_forwarding
    proxy_bodies
    proxy_identity
    proxy_spoofing
    proxy_forwarded
    proxy_cookies
    proxy_sessions
  else
    skip "what arrives upstream (UPSTREAM_ECHO)"
  fi
  proxy_scopes
  proxy_paths
  proxy_framing
  proxy_cors
  proxy_forward_auth
  proxy_limits
  proxy_revocation
  clear_mgp
}

proxy_refusals() {
  local secret
  when "no credential"
  call GET /orders
  proxied_error 401 unauthorized
  body_is "$UNAUTHORIZED"
  challenge
  has_header X-Request-Id && good "X-Request-Id is there" || wrong X-Request-Id "an id" none
  when "Basic credentials"
  call GET /orders -H 'Authorization: Basic YTpi'
  status 401
  body_is "$UNAUTHORIZED"
  challenge
  for secret in "$(printf 'mgp_%040d' 0)" junk 'a b' "${PROXY_KEY}0" "${PROXY_KEY%?}" \
    "$(printf '%s' "$PROXY_KEY" | tr a-z A-Z)" eyJhbGciOiJub25lIn0.e30.; do
    when "Bearer $secret"
    call GET /orders -H "Authorization: Bearer $secret"
    status 401
    body_is "$UNAUTHORIZED"
    challenge invalid_token
  done
  when "two Authorization headers"
  call GET /orders -H "$CALLER" -H "$CALLER"
  status 401
  body_is "$UNAUTHORIZED"
  when "a key in the query is no credential"
  call GET "/orders?access_token=$PROXY_KEY"
  status 401
  when "HEAD without a credential"
  call HEAD /orders
  status 401
  challenge
  when "POST without a credential"
  send POST /orders '{"x":1}'
  status 401
  body_is "$UNAUTHORIZED"
  when "a request id"
  call GET /orders -H 'X-Request-Id: walk-401'
  header_is X-Request-Id walk-401
}

proxy_dialects() {
  when "no credential under /api/v1"
  call GET /api/v1/elsewhere
  status 401
  shape_magicpost
  field .error_type auth_required
  challenge
  when "no credential under /v1"
  call GET /v1/elsewhere
  status 401
  shape_envelope
  challenge
  when "no credential under /functions/v1"
  call GET /functions/v1/elsewhere
  status 401
  body_is "$UNAUTHORIZED"
  when "no credential under a path that only looks alike"
  call GET /v1elsewhere
  status 401
  body_is "$UNAUTHORIZED"
  when "an unknown mp_ key anywhere"
  call GET /orders -H "Authorization: Bearer mp_$(repeat 43 A)"
  status 401
  shape_magicpost
  challenge invalid_token
  when "an unknown mgp_ key under /api/v1"
  call GET /api/v1/elsewhere -H "Authorization: Bearer $(printf 'mgp_%040d' 0)"
  status 401
  shape_magicpost
  when "an unknown mp_ key under /v1"
  call GET /v1/elsewhere -H "Authorization: Bearer mp_$(repeat 43 A)"
  status 401
  shape_magicpost
}

proxy_forwarding() {
  local method path
  for method in GET POST PUT PATCH DELETE OPTIONS; do
    when "$method"
    call "$method" /orders -H "$CALLER"
    status 200
    field .method "$method"
    field .path /orders
  done
  when "HEAD"
  call HEAD /orders -H "$CALLER"
  status 200
  header_is Content-Type application/json
  for path in '/a%20b/c%2Fd' '/a//b' "/caf%C3%A9" '/a;b=c,d' '/' '/api/v1/other' '/v1/other' \
    '/functions/v1/other' '/auth/v1/other' '/v1/api-keys/a/b/c' '/manage-api-keys/more'; do
    when "the path $path as it is"
    call GET "$path" -H "$CALLER"
    status 200
    field .path "$path"
  done
  when "the query as it is"
  call GET '/orders?a=b&a=c%20d&e&f=%2F..%2F&g=/../' -H "$CALLER"
  status 200
  field .query 'a=b&a=c%20d&e&f=%2F..%2F&g=/../'
  when "the scheme in lower case"
  call GET /orders -H "authorization: bearer $PROXY_KEY"
  status 200
  when "headers of the client's own"
  call GET /orders -H "$CALLER" -H 'X-Custom: one' -H 'Accept: text/x' \
    -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' -H 'tracestate: a=b'
  arrived_is x-custom one
  arrived_is accept text/x
  like "traceparent upstream" '^00-0af7651916cd43dd8448eb211c80319c-' "$(arrived traceparent)"
  like "tracestate upstream" 'a=b' "$(arrived tracestate)"
  when "headers for one hop"
  call GET /orders -H "$CALLER" -H 'Connection: X-Hop' -H 'X-Hop: 1' -H 'Keep-Alive: timeout=5' \
    -H 'Proxy-Authorization: Basic YTpi' -H 'TE: trailers'
  status 200
  not_arrived x-hop
  not_arrived keep-alive
  not_arrived proxy-authorization
  when "the response's request id"
  call GET /orders -H "$CALLER" -H 'X-Request-Id: walk-200'
  header_is X-Request-Id walk-200
}

proxy_bodies() {
  local text
  when "a body by length"
  call POST /orders -H "$CALLER" -H 'Content-Type: text/plain' --data-binary $'line 1\nline 2 \xc3\xa9'
  status 200
  field .body $'line 1\\nline 2 \xc3\xa9'
  arrived_is content-type text/plain
  when "a body in chunks"
  call POST /orders -H "$CALLER" -H 'Transfer-Encoding: chunked' --data-binary 'in chunks'
  status 200
  field .body 'in chunks'
  when "a body of one megabyte"
  bad_bodies
  call POST /orders -H "$CALLER" -H 'Expect:' --data-binary "@$BAD/value/one-megabyte"
  status 200
  is "length of the body upstream" 1048578 "$(get .headers.content-length[0])"
  when "a body after 100-continue"
  call POST /orders -H "$CALLER" -H 'Expect: 100-continue' --data-binary 'continued'
  status 200
  field .body continued
  when "a refused client never sends its body"
  call POST /orders -H 'Expect: 100-continue' --data-binary 'never'
  status 401
  is "100 Continue" 0 "$(grep -c '^HTTP/1.1 100' "$SCRATCH/head")"
}

proxy_identity() {
  local name
  when "identity of a Magpipe key"
  call GET /orders -H "$CALLER"
  not_arrived authorization
  arrived_is x-maglatch-key-id "$PROXY_ID"
  [ -z "$OWNER_ID" ] || arrived_is x-maglatch-account-id "$OWNER_ID"
  like "x-maglatch-organization-id upstream" "$UUID" "$(arrived x-maglatch-organization-id)"
  like "x-maglatch-auth-method upstream" '.+' "$(arrived x-maglatch-auth-method)"
  for name in $IDENTITY; do
    is "how many $name" 1 "$(get ".headers.$name")"
  done
  has sessions || return 0
  when "identity of a MagicPost key"
  if cookie_in "$EMAIL" "$PASSWORD" && make_mp "for the proxy"; then
    local id=$KEY_ID
    call GET /orders -H "Authorization: Bearer $KEY"
    status 200
    not_arrived authorization
    arrived_is x-maglatch-key-id "$id"
    arrived_is x-maglatch-account-id "$OWNER_ID"
    arrived_is x-maglatch-scopes mcp:v1
    clear_mp
  fi
  when "identity of an organization key"
  if make_org "for the proxy" read-write; then
    local id=$KEY_ID
    call GET /orders -H "Authorization: Bearer $KEY"
    status 200
    arrived_is x-maglatch-key-id "$id"
    is "x-maglatch-scopes upstream" "read read-write" \
      "$(arrived x-maglatch-scopes | tr ' ' '\n' | sorted)"
  fi
  has organization || return 0
  when "identity of a service account"
  send POST /v1/service-accounts "{\"name\":\"proxied $RUN\",\"permissions\":[\"deploy\"]}" -H "$OWNER"
  local account
  account=$(get .data.id)
  if make_org "for the proxy" read ",\"serviceAccountId\":\"$account\""; then
    call GET /orders -H "Authorization: Bearer $KEY"
    status 200
    arrived_is x-maglatch-service-account-id "$account"
    arrived_is x-maglatch-permissions deploy
    arrived_is x-maglatch-scopes read
  fi
}

proxy_spoofing() {
  local name
  when "a client's own identity headers"
  call GET /orders -H "$CALLER" -H 'X-Maglatch-Key-Id: forged' -H 'x-maglatch-account-id: forged' \
    -H 'X-MAGLATCH-ORGANIZATION-ID: forged' -H 'X-Maglatch-Service-Account-Id: forged' \
    -H 'X-Maglatch-Scopes: forged' -H 'X-Maglatch-Auth-Method: forged' \
    -H 'X-Maglatch-Permissions: forged' -H 'X-Maglatch-Anything: forged'
  status 200
  not_arrived x-maglatch-anything
  is "forged values upstream" 0 "$(grep -c forged "$SCRATCH/flat")"
  arrived_is x-maglatch-key-id "$PROXY_ID"
  when "identity headers named in Connection"
  call GET /orders -H "$CALLER" \
    -H 'Connection: X-Maglatch-Key-Id, X-Maglatch-Account-Id, X-Maglatch-Organization-Id' \
    -H 'X-Maglatch-Key-Id: forged'
  status 200
  arrived_is x-maglatch-key-id "$PROXY_ID"
  like "x-maglatch-account-id upstream" "$UUID" "$(arrived x-maglatch-account-id)"
  when "identity headers with an underscore"
  call GET /orders -H "$CALLER" -H 'X_Maglatch_Key_Id: forged'
  status_in "200 400"
  is "forged values upstream" 0 "$(grep -c forged "$SCRATCH/flat")"
}

proxy_forwarded() {
  when "where the request came from"
  call GET /orders -H "$CALLER" -H 'Host: api.example.com'
  status 200
  like "x-forwarded-for upstream" '^[0-9a-f.:]+$' "$(arrived x-forwarded-for)"
  arrived_is x-forwarded-proto http
  arrived_is x-forwarded-host api.example.com
  like "forwarded upstream" 'for=' "$(arrived forwarded)"
  when "X-Forwarded-* of the client"
  call GET /orders -H "$CALLER" -H 'X-Forwarded-For: 198.51.100.9' -H 'X-Forwarded-Proto: https' \
    -H 'X-Forwarded-Host: other.example'
  status 200
  if [ -n "$TRUSTED_FORWARDING" ]; then
    like "x-forwarded-for upstream" '^198\.51\.100\.9, *[0-9a-f.:]+$' "$(arrived x-forwarded-for)"
    like "x-forwarded-proto upstream" '^https' "$(arrived x-forwarded-proto)"
  else
    like "x-forwarded-for upstream" '^[0-9a-f.:]+$' "$(arrived x-forwarded-for)"
    differs "x-forwarded-for upstream" 198.51.100.9 "$(arrived x-forwarded-for)"
    arrived_is x-forwarded-proto http
  fi
}

proxy_cookies() {
  has sessions && cookie_in "$EMAIL" "$PASSWORD" || return 0
  when "a cookie alone"
  call GET /orders -b "$COOKIE"
  status 401
  body_is "$UNAUTHORIZED"
  when "a key and cookies"
  call GET /orders -H "$CALLER" -H "Cookie: a=b; $COOKIE; c=d"
  status 200
  is "cookies upstream" "a=b; c=d" "$(arrived cookie)"
  when "a key and the session cookie alone"
  call GET /orders -H "$CALLER" -H "Cookie: $COOKIE"
  status 200
  not_arrived cookie
  when "an upstream's cookies"
  call GET /orders -H "$CALLER" -H 'X-Echo-Set-Cookie: maglatch_session=evil; Path=/' \
    -H 'X-Echo-Set-Cookie: theirs=1; Path=/'
  status 200
  header_is Set-Cookie 'theirs=1; Path=/'
}

proxy_sessions() {
  has sessions && sign_in "$EMAIL" "$PASSWORD" || return 0
  when "a session"
  call GET /orders -H "Authorization: Bearer $TOKEN"
  status 200
  not_arrived authorization
  arrived_is x-maglatch-account-id "$ACCOUNT"
  when "a session that was ended"
  call POST /auth/v1/logout -H "Authorization: Bearer $TOKEN"
  call GET /orders -H "Authorization: Bearer $TOKEN"
  status 401
  body_is "$UNAUTHORIZED"
  challenge invalid_token
}

proxy_scopes() {
  local reader method
  has sessions && make_org reader read || return 0
  reader="Authorization: Bearer $KEY"
  for method in GET HEAD OPTIONS; do
    when "$method by a key of scope read"
    call "$method" /orders -H "$reader"
    status 200
  done
  for method in POST PUT PATCH DELETE; do
    when "$method by a key of scope read"
    call "$method" /orders -H "$reader"
    proxied_error 403 forbidden
    header_like WWW-Authenticate 'error="insufficient_scope"'
    call "$method" /v1/elsewhere -H "$reader"
    status 403
    shape_envelope
    call "$method" /api/v1/elsewhere -H "$reader"
    status 403
    shape_magicpost
  done
}

proxy_paths() {
  local path
  for path in /a/../b /../a /a/.. /a/./b /. /a/%2e%2e/b /a/%2E./b /a/.%2e /a/%2e/b '/a\b' /a%5cb /a%5Cb \
    /a%00b /a%0ab /a%0d%0ab /a%7fb /a%1fb /a/..%2fb /a%2f..%2fb; do
    when "the path $path"
    call GET "$path" -H "$CALLER"
    status 400
    when "the path $path without a credential"
    call GET "$path"
    status 400
  done
}

# Sends bytes as they are and prints the first status of the answer, then whether the connection
# was closed: raw TEXT -> "400 closed". printf escapes are interpreted.
raw() {
  local target=${BASE#http://} host port line answer=none state
  host=${target%%:*}
  port=${target##*:}
  exec 9<>"/dev/tcp/$host/$port" || return 1
  printf "$1" >"$SCRATCH/raw"
  cat "$SCRATCH/raw" >&9 # in one piece, as bash's own printf would not
  if IFS= read -r -t 5 line <&9; then
    answer=$(printf '%s' "$line" | cut -d ' ' -f 2)
  fi
  state=open
  while :; do
    if IFS= read -r -t 3 line <&9; then continue; fi
    [ $? -gt 128 ] || state=closed
    break
  done
  exec 9>&- 9<&-
  printf '%s %s' "$answer" "$state"
}

ill_framed() { # what text
  local answer
  when "$1"
  LAST="raw"
  STATUS=
  : >"$SCRATCH/body"
  answer=$(raw "$2")
  is answer "400 closed" "$answer"
}

proxy_framing() {
  local auth="$CALLER"'\r\n' host='Host: a\r\n' body='5\r\nhello\r\n0\r\n\r\n'
  if ! has framing; then
    skip "ambiguous framing (WITHOUT framing)"
    return 0
  fi
  case $BASE in
    http://*:[0-9]*) ;;
    *)
      skip "ambiguous framing (needs a BASE of http with a port)"
      return 0
      ;;
  esac
  ill_framed "Content-Length with Transfer-Encoding" \
    "POST /x HTTP/1.1\r\n$host${auth}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n$body"
  ill_framed "two lengths" \
    "POST /x HTTP/1.1\r\n$host${auth}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
  ill_framed "a length twice" \
    "POST /x HTTP/1.1\r\n$host${auth}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"
  ill_framed "a length that is no number" \
    "POST /x HTTP/1.1\r\n$host${auth}Content-Length: +5\r\n\r\nhello"
  ill_framed "a chunk size that is no number" \
    "POST /x HTTP/1.1\r\n$host${auth}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"
  ill_framed "no Host" "GET /x HTTP/1.1\r\n$auth\r\n"
  ill_framed "two Hosts" "GET /x HTTP/1.1\r\n$host${host}$auth\r\n"
  ill_framed "a blank before the colon" "GET /x HTTP/1.1\r\n$host${auth}X-A : b\r\n\r\n"
  ill_framed "a control character in a value" "GET /x HTTP/1.1\r\n$host${auth}X-A: b\001c\r\n\r\n"
  ill_framed "a bare CR in a value" "GET /x HTTP/1.1\r\n$host${auth}X-A: b\rX-B: c\r\n\r\n"
  ill_framed "a continued line" "GET /x HTTP/1.1\r\n$host${auth}X-A: b\r\n c\r\n\r\n"
  ill_framed "a name that is nearly Content-Length" \
    "POST /x HTTP/1.1\r\n${host}${auth}Content-Xength: 5\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello"
  ill_framed "a target in absolute form of another scheme" "GET ftp://a/x HTTP/1.1\r\n$host$auth\r\n"
  when "a good request after those"
  call GET /orders -H "$CALLER"
  status 200
}

proxy_cors() {
  local ask='Access-Control-Request-Method: POST'
  if ! has cors; then
    skip "CORS (WITHOUT cors)"
    return 0
  fi
  if [ -n "$CORS_ORIGIN" ]; then
    when "preflight from an allowed origin"
    call OPTIONS /orders -H "Origin: $CORS_ORIGIN" -H "$ask" \
      -H 'Access-Control-Request-Headers: authorization'
    status_in "200 204"
    header_is Access-Control-Allow-Origin "$CORS_ORIGIN"
    header_like Access-Control-Allow-Methods '(POST|\*)'
    header_like Access-Control-Allow-Headers '[Aa]uthorization'
    header_like Vary '[Oo]rigin'
    when "preflight from a foreign origin"
    call OPTIONS /orders -H 'Origin: https://evil.example' -H "$ask"
    no_header Access-Control-Allow-Origin
    is "body upstream" "" "$(get .method)"
    when "a refusal to an allowed origin"
    call GET /orders -H "Origin: $CORS_ORIGIN"
    status 401
    header_is Access-Control-Allow-Origin "$CORS_ORIGIN"
    when "a refusal to a foreign origin"
    call GET /orders -H 'Origin: https://evil.example'
    status 401
    no_header Access-Control-Allow-Origin
    when "an OPTIONS that is no preflight"
    call OPTIONS /orders -H "Origin: $CORS_ORIGIN"
    status 401
  elif [ -n "$UPSTREAM_ECHO" ]; then
    when "preflight passes upstream"
    call OPTIONS /orders -H 'Origin: https://app.example' -H "$ask"
    status 200
    field .method OPTIONS
    arrived_is origin https://app.example
    when "an OPTIONS without Access-Control-Request-Method"
    call OPTIONS /orders -H 'Origin: https://app.example'
    status 401
    when "an OPTIONS without Origin"
    call OPTIONS /orders -H "$ask"
    status 401
  fi
}

proxy_forward_auth() {
  local base=/_maglatch/forward-auth path method name
  if ! has forward-auth; then
    skip "forward-auth (WITHOUT forward-auth)"
    return 0
  fi
  for path in "$base" "$base/any/path" "$base?query=1"; do
    for method in GET POST PUT DELETE; do
      when "$method $path"
      call "$method" "$path" -H "$CALLER"
      status 200
      body_empty
      header_is X-Maglatch-Key-Id "$PROXY_ID"
      for name in $IDENTITY x-maglatch-permissions; do
        if has_header "$name"; then good "header $name is there"; else
          wrong "header $name" "it, be it empty" none; fi
      done
    done
  done
  when "forward-auth without a credential"
  call GET "$base"
  status 401
  challenge
  when "forward-auth with a bad credential"
  call GET "$base" -H 'Authorization: Bearer junk'
  status 401
  challenge invalid_token
  if has sessions && make_org reader read; then
    when "forward-auth of a POST by a key of scope read"
    call GET "$base" -H "Authorization: Bearer $KEY" -H 'X-Forwarded-Method: POST' \
      -H 'X-Forwarded-Uri: /orders'
    status 403
    header_like WWW-Authenticate 'error="insufficient_scope"'
    when "forward-auth of a GET by a key of scope read"
    call GET "$base" -H "Authorization: Bearer $KEY" -H 'X-Forwarded-Method: GET' \
      -H 'X-Forwarded-Uri: /orders'
    status 200
  fi
}

proxy_limits() {
  local limited
  if ! has limits || ! has sessions; then
    skip "limits of a key (WITHOUT limits)"
    return 0
  fi
  make_org limited read
  limited="Authorization: Bearer $KEY"
  when "a key of other addresses"
  send PATCH "/v1/api-keys/$KEY_ID" '{"allowedIps":["203.0.113.0/24"]}' -H "$OWNER"
  call GET /orders -H "$limited"
  proxied_error 403 forbidden
  when "a key of our address"
  send PATCH "/v1/api-keys/$KEY_ID" '{"allowedIps":["0.0.0.0/0","::/0"]}' -H "$OWNER"
  call GET /orders -H "$limited"
  status 200
  when "a key that may ask twice a minute"
  send PATCH "/v1/api-keys/$KEY_ID" '{"rateLimit":{"limit":2,"windowSeconds":60}}' -H "$OWNER"
  call GET /orders -H "$limited"
  status 200
  call GET /orders -H "$limited"
  status 200
  call GET /orders -H "$limited"
  proxied_error 429 rate_limited
  header_like Retry-After '^[1-9][0-9]*$'
  has_header RateLimit && good "RateLimit is there" || wrong RateLimit "a field" none
  has_header RateLimit-Policy && good "RateLimit-Policy is there" || wrong RateLimit-Policy "a field" none
  when "429 under /api/v1"
  call GET /api/v1/elsewhere -H "$limited"
  status 429
  keys . "error error_type current_count limit hint"
  field .error_type rate_limited
  field .limit 2
  when "429 under /v1"
  call GET /v1/elsewhere -H "$limited"
  status 429
  shape_envelope
}

proxy_revocation() {
  when "a key before and after its revocation"
  make_mgp "revoked at the proxy"
  call GET /orders -H "Authorization: Bearer $KEY"
  status 200
  send POST /functions/v1/manage-api-keys "{\"action\":\"revoke\",\"key_id\":\"$KEY_ID\"}" -H "$OWNER"
  status 200
  call GET /orders -H "Authorization: Bearer $KEY"
  status 401
  body_is "$UNAUTHORIZED"
  challenge invalid_token
}
