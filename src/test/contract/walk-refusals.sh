# SPDX-License-Identifier: Apache-2.0
#
# Contract sections 1 to 6: the same refusals on every own route, and the account's own routes. Runs
# with a session of its own, which it ends.

REFUSALS_JSON='Content-Type: application/json'

# refusal STATUS SHAPE METHOD PATH [curl argument...]
refusal() {
  local wanted=$1 shape=$2 method=$3 url=$4
  shift 4
  when "$method $url"
  call "$method" "$url" -H 'Expect:' "$@"
  refused "the answer" "$shape" "$wanted"
}

walk_refusals() {
  if ! has sessions || ! sign_in "$EMAIL" "$PASSWORD" || ! cookie_in "$EMAIL" "$PASSWORD"; then
    skip "all of it (WITHOUT sessions)"
    return 0
  fi
  REFUSALS_SESSION="Authorization: Bearer $TOKEN"
  repeat 70000 x >"$SCRATCH/large"
  refusals_sessions
  if has magicpost; then refusals_magicpost; fi
  if has organization; then refusals_organization; fi
  refusals_account
}

refusals_sessions() {
  local large="@$SCRATCH/large"
  when "a Magpipe key that is not there, at the root"
  send POST /manage-api-keys "{\"action\":\"revoke\",\"key_id\":\"$NO_SUCH_ID\"}" \
    -H "$REFUSALS_SESSION"
  status 404
  shape_flat
  refusal 400 auth POST '/auth/v1/logout?scope=everything' -H "$REFUSALS_SESSION"
  refusal 413 auth POST /auth/v1/logout -H "$REFUSALS_SESSION" --data-binary "$large"
  refusal 413 auth DELETE /auth/v1/session -b "$COOKIE" -H "$REFUSALS_JSON" --data-binary "$large"
  refusal 415 auth DELETE /auth/v1/session -b "$COOKIE" -H 'Content-Type: text/plain' -d x
}

refusals_magicpost() {
  local key=/api/v1/api-keys/$NO_SUCH_ID
  refusal 400 magicpost DELETE /api/v1/api-keys/a%2Fb -b "$COOKIE"
  refusal 413 magicpost DELETE "$key" -b "$COOKIE" -H "$REFUSALS_JSON" \
    --data-binary "@$SCRATCH/large"
  refusal 415 magicpost DELETE "$key" -b "$COOKIE" -H 'Content-Type: text/plain' -d x
}

refusals_organization() {
  local key=/v1/api-keys/$NO_SUCH_ID account=/v1/service-accounts/$NO_SUCH_ID line
  for line in "GET /v1/api-keys" "POST /v1/api-keys" "POST /v1/api-keys/revoke" "GET $key" \
    "PATCH $key" "DELETE $key" "POST $key/rotate" "GET /v1/service-accounts" \
    "POST /v1/service-accounts" "GET $account" "PATCH $account" "POST $account/disable" \
    "POST $account/enable" "GET /v1/whoami" "GET /v1/audit"; do
    refusal 401 envelope "${line%% *}" "${line#* }"
    challenge
  done
  for line in "GET /v1/api-keys/a%2Fb" "DELETE /v1/api-keys/a%2Fb" \
    "GET /v1/service-accounts/a%2Fb" "POST /v1/service-accounts/a%2Fb/disable" \
    "POST /v1/service-accounts/a%2Fb/enable"; do
    refusal 400 envelope "${line%% *}" "${line#* }" -H "$REFUSALS_SESSION"
  done
  for line in "DELETE $key" "POST $account/disable" "POST $account/enable"; do
    refusal 413 envelope "${line%% *}" "${line#* }" -H "$REFUSALS_SESSION" \
      --data-binary "@$SCRATCH/large"
  done
  if member; then
    for line in "PATCH $account" "POST $account/disable" "POST $account/enable"; do
      refusal 403 envelope "${line%% *}" "${line#* }" -H "$MEMBER" -d '{}'
      challenge insufficient_scope
    done
  else
    skip "what members may not (MEMBER_EMAIL)"
  fi
  OWNER=$REFUSALS_SESSION
  if make_org "only reads" read; then
    refusal 403 envelope POST /v1/api-keys/revoke -H "Authorization: Bearer $KEY" \
      -d '{"token":"mgp_0000000000000000000000000000000000000000"}'
  fi
  OWNER=
}

# The account of a session, and its password, which ends as it was.
refusals_account() {
  local user=/auth/v1/user
  when "the account of a session"
  call GET "$user" -H "$REFUSALS_SESSION"
  status 200
  field .email "$EMAIL"
  refusal 401 auth GET "$user"
  refusal 401 auth PUT "$user" -d '{}'
  refusal 400 auth PUT "$user" -H "$REFUSALS_SESSION" -d '{}'
  refusal 413 auth PUT "$user" -H "$REFUSALS_SESSION" --data-binary "@$SCRATCH/large"
  refusal 422 auth PUT "$user" -H "$REFUSALS_SESSION" \
    -d "{\"current_password\":\"$PASSWORD\",\"password\":\"$PASSWORD\"}"
  when "another password"
  send PUT "$user" "{\"current_password\":\"$PASSWORD\",\"password\":\"$PASSWORD $RUN\"}" \
    -H "$REFUSALS_SESSION"
  status 200
  revocation
  send PUT "$user" "{\"current_password\":\"$PASSWORD $RUN\",\"password\":\"$PASSWORD\"}" \
    -H "$REFUSALS_SESSION"
  status 200
}
