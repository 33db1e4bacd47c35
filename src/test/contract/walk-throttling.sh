# SPDX-License-Identifier: Apache-2.0
#
# Contract section 5: repeated failures to sign in. Runs last: it locks the address it comes from.

walk_throttling() {
  local i=0 from='X-Forwarded-For: 198.51.100.77' attempts=200
  if ! has sessions || ! has throttling; then
    skip "all of it (WITHOUT sessions or throttling)"
    return 0
  fi
  when "wrong passwords from one address"
  STATUS=400
  while [ "$STATUS" = 400 ] && [ "$i" -lt "$attempts" ]; do
    i=$((i + 1))
    send POST '/auth/v1/token?grant_type=password' "{\"email\":\"$EMAIL\",\"password\":\"wrong\"}" \
      -H "$from"
  done
  status 429
  shape_auth
  field .error_code over_request_rate_limit
  header_like Retry-After '^[0-9]+$'
  when "the right password from that address"
  send POST '/auth/v1/token?grant_type=password' \
    "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" -H "$from"
  status 429
  when "the same with a cookie"
  send POST /auth/v1/session "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" -H "$from"
  status 429
  if [ -n "$TRUSTED_FORWARDING" ]; then
    when "the right password from another address"
    send POST '/auth/v1/token?grant_type=password' \
      "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" -H 'X-Forwarded-For: 198.51.100.78'
    status 200
  else
    skip "another address (TRUSTED_FORWARDING)"
  fi
}
