# SPDX-License-Identifier: Apache-2.0
#
# Contract section 8, as far as it is HTTP.

walk_ops() {
  if [ -z "$OPS" ]; then
    skip "all of it (OPS)"
    return 0
  fi
  when "livez"
  call GET "$OPS/livez"
  status 200
  when "readyz"
  call GET "$OPS/readyz"
  status 200
  field_type . object
  when "metrics"
  call GET "$OPS/metrics"
  status 200
  if grep -q '^maglatch_' "$SCRATCH/body"; then good "maglatch_ metrics"; else
    wrong metrics "names maglatch_*" none; fi
  ops_docs
  when "events without the token"
  send POST "$OPS/_maglatch/events" '{}'
  status_in "401 403 404"
  when "operations are not public"
  local path
  for path in /metrics /livez /readyz /_maglatch/events; do
    call GET "$path"
    status_in "401 404 405"
  done
}

ops_docs() {
  if ! has docs; then
    skip "the description of the API (WITHOUT docs)"
    return 0
  fi
  when "the description of the API"
  call GET "$OPS/_maglatch/openapi.yaml"
  status 200
  if grep -qE '^openapi: *"?3\.1' "$SCRATCH/body"; then good "OpenAPI 3.1"; else
    wrong openapi 3.1 "$(head -1 "$SCRATCH/body")"; fi
  when "the documentation"
  call GET "$OPS/_maglatch/docs" -L
  status 200
  header_like Content-Type '^text/html'
  header_like Content-Security-Policy .
}
