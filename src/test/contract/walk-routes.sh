# SPDX-License-Identifier: Apache-2.0
#
# Contract section 6: a table of routes. Not among the default sections: it needs these routes.
#
#   /open auth none · /open/closed auth required, before it · /maybe auth optional
#   /mcp scopes [mcp:v1] · /write scopes [read-write] · /get methods [GET]
#   /magicpost dialect magicpost · /envelope dialect organization
#
# All with the same echo upstream; nothing takes "/".

walk_routes() {
  owner || return 0
  . "$here/walk-proxy.sh"
  clear_mgp
  make_mgp "for routes" || return 0
  CALLER="Authorization: Bearer $KEY"
  routes_matching
  routes_open
  routes_optional
  routes_scopes
  routes_dialects
  clear_mgp
}

routes_matching() {
  local path
  for path in / /nowhere /opened; do
    when "no route for $path"
    call GET "$path" -H "$CALLER"
    proxied_error 404 not_found
  done
  when "no route under /v1"
  call GET /v1/nowhere -H "$CALLER"
  status 404
  shape_envelope
  when "no route under /api/v1"
  call GET /api/v1/nowhere -H "$CALLER"
  status 404
  shape_magicpost
  when "a route for GET"
  call GET /get -H "$CALLER"
  status 200
  call POST /get -H "$CALLER"
  status_in "404 405"
  when "a protected route below an open one"
  call GET /open/closed
  status 401
  for path in //open/closed /open//closed /open/%63losed /open%2fclosed /open/closed%2f /open/./closed \
    /open/x/../closed '/open\closed' /open/closed/ /open/closed%00 /open/closed%2fx; do
    when "the protected route spelt $path"
    call GET "$path"
    status_in "400 401"
  done
}

routes_open() {
  when "an open route without a credential"
  call GET /open
  status 200
  not_arrived x-maglatch-key-id
  when "an open route and forged identity"
  call GET /open -H 'X-Maglatch-Key-Id: forged' -H 'X-Maglatch-Anything: forged'
  status 200
  is "forged values upstream" 0 "$(grep -c forged "$SCRATCH/flat")"
  when "an open route and somebody else's Authorization"
  call GET /open -H 'Authorization: Basic YTpi'
  status 200
  arrived_is authorization 'Basic YTpi'
  call GET /open -H 'Authorization: Bearer theirs'
  arrived_is authorization 'Bearer theirs'
  when "an open route and a key of ours"
  call GET /open -H "$CALLER"
  status 200
  not_arrived authorization
  if has sessions && sign_in "$EMAIL" "$PASSWORD"; then
    when "an open route and a session of ours"
    call GET /open -H "Authorization: Bearer $TOKEN"
    status 200
    not_arrived authorization
  fi
}

routes_optional() {
  local name
  when "an optional route without a credential"
  call GET /maybe
  status 200
  for name in $IDENTITY; do
    if [ -n "$(type_of ".headers.$name")" ]; then good "$name is there"; else
      wrong "$name" "it, be it empty" none; fi
  done
  arrived_is x-maglatch-key-id ""
  arrived_is x-maglatch-account-id ""
  when "an optional route with a key"
  call GET /maybe -H "$CALLER"
  status 200
  like "x-maglatch-key-id upstream" "$UUID" "$(arrived x-maglatch-key-id)"
  when "an optional route with a bad key"
  call GET /maybe -H 'Authorization: Bearer junk'
  proxied_error 401 unauthorized
  challenge invalid_token
}

routes_scopes() {
  when "a Magpipe key has every scope"
  call GET /mcp -H "$CALLER"
  status 200
  call GET /write -H "$CALLER"
  status 200
  has sessions || return 0
  when "a session has every scope"
  call GET /mcp -H "$OWNER"
  status 200
  if cookie_in "$EMAIL" "$PASSWORD" && make_mp routes; then
    when "a MagicPost key has mcp:v1"
    call GET /mcp -H "Authorization: Bearer $KEY"
    status 200
    when "a MagicPost key has no other scope"
    call GET /write -H "Authorization: Bearer $KEY"
    status 403
    shape_magicpost
    header_like WWW-Authenticate 'error="insufficient_scope"'
    clear_mp
  fi
  if make_org routes read; then
    when "a key of scope read"
    call GET /write -H "Authorization: Bearer $KEY"
    proxied_error 403 forbidden
    call GET /mcp -H "Authorization: Bearer $KEY"
    proxied_error 403 forbidden
  fi
  if make_org routes read-write; then
    when "a key of scope read-write"
    call GET /write -H "Authorization: Bearer $KEY"
    status 200
  fi
}

routes_dialects() {
  when "a route of dialect magicpost"
  call GET /magicpost
  status 401
  shape_magicpost
  field .error_type auth_required
  when "a route of dialect organization"
  call GET /envelope
  status 401
  shape_envelope
}
