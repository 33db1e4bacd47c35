# SPDX-License-Identifier: Apache-2.0
#
# Contract section 5: sessions by password, by refresh token and by cookie.

GRANT='/auth/v1/token?grant_type='
SESSION=/auth/v1/session
WRONG='{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}'

auth_error() { # status [error_code]
  status "$1"
  shape_auth
  [ $# -lt 2 ] || field .error_code "$2"
}

refresh() { send POST "${GRANT}refresh_token" "{\"refresh_token\":\"$1\"}"; }

# Whether the access token is good, asked of a route that takes sessions.
accepted() {
  send POST /functions/v1/manage-api-keys '{"action":"list"}' -H "Authorization: Bearer $1"
}

walk_sessions() {
  if ! has sessions; then
    skip "all of it (WITHOUT sessions)"
    return 0
  fi
  sessions_password
  sessions_refusals
  sessions_refresh
  sessions_reuse
  sessions_logout
  sessions_tokens
  sessions_cookie
  sessions_cross_site
  sessions_signup
  sessions_browser
  sessions_bad_input
}

session_answer() {
  status 200
  keys_with . "access_token token_type expires_in expires_at refresh_token user"
  field_like .access_token '^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$'
  field .token_type bearer
  field .expires_in 3600
  field_type .expires_in number
  field_type .expires_at number
  local left=$(($(get .expires_at) - $(date +%s)))
  if [ "$left" -gt 3500 ] && [ "$left" -le 3605 ]; then good "expires_at is in an hour"; else
    wrong expires_at "in 3600 s" "in $left s"; fi
  field_like .refresh_token '^.{12,}$'
  keys_with .user "id email"
  field_like .user.id "$UUID"
  field .user.email "$EMAIL"
  not_stored
}

sessions_password() {
  when "sign in"
  send POST "${GRANT}password" "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"
  session_answer
  no_header Set-Cookie
  accepted "$(get .access_token)"
  status 200
  when "sign in, the e-mail in other case"
  send POST "${GRANT}password" \
    "{\"email\":\"$(printf '%s' "$EMAIL" | tr a-z A-Z)\",\"password\":\"$PASSWORD\"}"
  status 200
}

sessions_refusals() {
  local body
  when "a wrong password"
  send POST "${GRANT}password" "{\"email\":\"$EMAIL\",\"password\":\"wrong\"}"
  status 400
  body_is "$WRONG"
  when "an unknown e-mail"
  send POST "${GRANT}password" "{\"email\":\"nobody-$RUN@example.com\",\"password\":\"$PASSWORD\"}"
  status 400
  body_is "$WRONG"
  for body in '{}' '{"email":"a@example.com"}' '{"password":"x"}' '{"email":null,"password":"x"}' \
    '{"email":"","password":"x"}' '{"email":7,"password":"x"}' '{"email":"a@example.com","password":7}'; do
    when "sign in with $body"
    send POST "${GRANT}password" "$body"
    auth_error 400 validation_failed
  done
  for body in '{' '' 'hello'; do
    when "sign in with <$body>"
    send POST "${GRANT}password" "$body"
    auth_error 400 bad_json
  done
  for body in '/auth/v1/token' "${GRANT}" "${GRANT}magic"; do
    when "$body"
    send POST "$body" "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"
    auth_error 400
  done
  for body in '{}' '{"refresh_token":null}' '{"refresh_token":7}'; do
    when "refresh with $body"
    send POST "${GRANT}refresh_token" "$body"
    auth_error 400 validation_failed
  done
  when "an unknown refresh token"
  refresh "nosuchrefreshtoken$RUN"
  auth_error 400 refresh_token_not_found
}

sessions_refresh() {
  local first second third
  when "refresh"
  sign_in "$EMAIL" "$PASSWORD"
  first=$REFRESH
  refresh "$first"
  session_answer
  second=$(get .refresh_token)
  differs .refresh_token "$first" "$second"
  accepted "$(get .access_token)"
  status 200
  when "a spent refresh token within ten seconds"
  refresh "$first"
  session_answer
  third=$(get .refresh_token)
  differs .refresh_token "$first" "$third"
  accepted "$(get .access_token)"
  status 200
  when "the tokens of both answers live on"
  refresh "$third"
  status 200
  refresh "$second"
  status 200
}

sessions_reuse() {
  local first newest access
  if [ -z "$SLOW" ]; then
    skip "a spent refresh token after ten seconds (SLOW)"
    return 0
  fi
  sign_in "$EMAIL" "$PASSWORD"
  first=$REFRESH
  refresh "$first"
  newest=$(get .refresh_token)
  access=$(get .access_token)
  sleep 11
  when "a spent refresh token after ten seconds"
  refresh "$first"
  auth_error 400 refresh_token_already_used
  when "the newest refresh token after that"
  refresh "$newest"
  auth_error 400
  when "the access token after that"
  accepted "$access"
  status 401
}

sessions_logout() {
  local access refresh
  when "logout"
  sign_in "$EMAIL" "$PASSWORD"
  access=$TOKEN refresh=$REFRESH
  call POST /auth/v1/logout -H "Authorization: Bearer $access"
  status 204
  body_empty
  when "the access token after logout"
  accepted "$access"
  status 401
  when "the refresh token after logout"
  refresh "$refresh"
  auth_error 400
  when "logout a second time"
  call POST /auth/v1/logout -H "Authorization: Bearer $access"
  auth_error 401
  challenge invalid_token
  when "logout without a credential"
  call POST /auth/v1/logout
  auth_error 401
  challenge
  when "logout ends its own family only"
  sign_in "$EMAIL" "$PASSWORD"
  access=$TOKEN
  sign_in "$EMAIL" "$PASSWORD"
  call POST /auth/v1/logout -H "Authorization: Bearer $TOKEN"
  status 204
  accepted "$access"
  status 200
}

base64url() { base64 | tr -d '\n=' | tr '+/' '-_'; }

sessions_tokens() {
  local head body tail forged
  sign_in "$EMAIL" "$PASSWORD"
  IFS=. read -r head body tail <<<"$TOKEN"
  local none rs
  none=$(printf '{"alg":"none","typ":"JWT"}' | base64url)
  rs=$(printf '{"alg":"RS256","typ":"JWT"}' | base64url)
  for forged in "$none.$body." "$none.$body.$tail" "$rs.$body.$tail" "$head.$body." "$head.$body" \
    "$head.$(printf '{}' | base64url).$tail" "$head.$body.$(printf 'x' | base64url)" "$TOKEN.x" \
    "x$TOKEN"; do
    when "a forged token $(printf '%s' "$forged" | cut -c 1-24)"
    accepted "$forged"
    status 401
    challenge invalid_token
  done
}

sessions_cookie() {
  local name cookie
  when "sign in for a cookie"
  send POST "$SESSION" "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"
  status 200
  field .email "$EMAIL"
  field_like .id "$UUID"
  not_stored
  cookie=$(header Set-Cookie)
  case $PUBLIC_URL in
    https:*)
      name=__Host-maglatch_session
      header_like Set-Cookie '; *Secure(;|$)'
      ;;
    *) name=maglatch_session ;;
  esac
  header_like Set-Cookie "^$name=[^;]+"
  header_like Set-Cookie '; *HttpOnly(;|$)'
  header_like Set-Cookie '; *SameSite=Strict(;|$)'
  header_like Set-Cookie '; *Path=/(;|$)'
  COOKIE=${cookie%%;*}
  when "read the session"
  call GET "$SESSION" -b "$COOKIE"
  status 200
  field .email "$EMAIL"
  when "read the session without a cookie"
  call GET "$SESSION"
  auth_error 401
  when "read the session with a cookie of nobody"
  call GET "$SESSION" -b "$name=nonsense"
  auth_error 401
  when "read the session among other cookies"
  call GET "$SESSION" -H "Cookie: a=b; $COOKIE; c=d"
  status 200
  when "sign in for a cookie with a wrong password"
  send POST "$SESSION" "{\"email\":\"$EMAIL\",\"password\":\"wrong\"}"
  auth_error 400 invalid_credentials
  no_header Set-Cookie
  when "end the session"
  call DELETE "$SESSION" -b "$COOKIE"
  status 204
  body_empty
  header_like Set-Cookie "^$name=;.*(Max-Age=0|Expires=Thu, 01[ -]Jan[ -]1970)"
  when "the cookie after the end"
  call GET "$SESSION" -b "$COOKIE"
  auth_error 401
}

sessions_cross_site() {
  local text
  cookie_in "$EMAIL" "$PASSWORD"
  for text in 'Origin: https://evil.example' 'Origin: null' 'Sec-Fetch-Site: cross-site'; do
    when "end the session with $text"
    call DELETE "$SESSION" -b "$COOKIE" -H "$text"
    auth_error 403
    when "sign in again with a cookie and $text"
    send POST "$SESSION" "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" -b "$COOKIE" -H "$text"
    auth_error 403
  done
  when "the session is still there"
  call GET "$SESSION" -b "$COOKIE" -H 'Origin: https://evil.example'
  status 200
  for text in text/plain application/x-www-form-urlencoded; do
    when "sign in for a cookie with a body of type $text"
    call POST "$SESSION" -b "$COOKIE" -H "Content-Type: $text" \
      --data "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"
    auth_error 415
  done
  when "end the session from our own origin"
  call DELETE "$SESSION" -b "$COOKIE" -H "Origin: $PUBLIC_URL" -H 'Sec-Fetch-Site: same-origin'
  status 204
}

sessions_signup() {
  local mail
  mail=walk-$RUN@example.com
  if [ -z "$SIGNUP" ]; then
    skip "sign-up (SIGNUP)"
    return 0
  fi
  when "sign up"
  send POST /auth/v1/signup "{\"email\":\"$mail\",\"password\":\"a long pass phrase\"}"
  status 200
  when "sign in after sign-up"
  send POST "${GRANT}password" "{\"email\":\"$mail\",\"password\":\"a long pass phrase\"}"
  status 200
  when "sign up a second time"
  send POST /auth/v1/signup "{\"email\":\"$mail\",\"password\":\"another pass phrase\"}"
  status_in "400 409 422"
  shape_auth
  for body in '{}' '{"email":"x","password":"a long pass phrase"}' '{"email":"walk@example.com"}' \
    '{"email":"walk@example.com","password":""}' '{"email":7,"password":8}'; do
    when "sign up with $body"
    send POST /auth/v1/signup "$body"
    auth_error 400 validation_failed
  done
}

sessions_browser() {
  local path
  for path in "${GRANT}password" /auth/v1/logout; do
    when "preflight of $path"
    call OPTIONS "$path" -H 'Origin: https://anywhere.example' \
      -H 'Access-Control-Request-Method: POST'
    status 200
    is body ok "$(cat "$SCRATCH/body")"
    header_is Access-Control-Allow-Origin '*'
    header_is Access-Control-Allow-Headers 'authorization, x-client-info, apikey, content-type'
    no_header Access-Control-Allow-Credentials
  done
  when "a request id"
  send POST "${GRANT}password" '{}' -H 'X-Request-Id: walk-7'
  header_is X-Request-Id walk-7
}

sessions_bad_input() {
  bad_texts auth POST "${GRANT}password"
  bad_texts auth POST "${GRANT}refresh_token"
  bad_texts auth POST "$SESSION"
  bad_strings auth POST "${GRANT}refresh_token" '{"refresh_token":@}'
  # Each of these may count as a failed sign-in: an address of their own, if the gateway believes it.
  bad_strings auth POST "${GRANT}password" '{"email":@,"password":"x"}' -H 'X-Forwarded-For: 192.0.2.1'
  bad_strings auth POST "${GRANT}password" '{"email":"nobody@example.com","password":@}' \
    -H 'X-Forwarded-For: 192.0.2.2'
  bad_strings auth POST "$SESSION" '{"email":"nobody@example.com","password":@}' \
    -H 'X-Forwarded-For: 192.0.2.3'
  wrong_methods auth "${GRANT}password" "GET PUT PATCH DELETE" POST
  wrong_methods auth /auth/v1/logout "GET PUT DELETE" POST
  wrong_methods auth "$SESSION" "PUT PATCH" POST
  if [ -n "$SIGNUP" ]; then
    bad_texts auth POST /auth/v1/signup
    bad_strings auth POST /auth/v1/signup '{"email":@,"password":"a long pass phrase"}'
    bad_strings auth POST /auth/v1/signup '{"email":"walk@example.com","password":@}'
    wrong_methods auth /auth/v1/signup "GET PUT DELETE" POST
  fi
}
