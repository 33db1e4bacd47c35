# SPDX-License-Identifier: Apache-2.0
#
# Reads one JSON text and prints it flat, one line a value: path TAB type TAB value.
# The root's path is empty; members are ".name", elements "[0]". Types: object and array (value: how
# many), string, number, boolean, null, and "key", one line for each member of the object at path.
# Exit code 1 when the text is not JSON. Run with LC_ALL=C: characters are bytes here.

{ text = text (NR > 1 ? "\n" : "") $0 }

END {
  size = length(text)
  at = 1
  blank()
  value("")
  blank()
  if (at <= size) bad()
}

function bad() {
  print "not JSON at byte " at > "/dev/stderr"
  exit 1
}

function peek() { return substr(text, at, 1) }

function blank(   c) {
  while (at <= size) {
    c = peek()
    if (c != " " && c != "\t" && c != "\n" && c != "\r") return
    at++
  }
}

function emit(path, type, content) { print path "\t" type "\t" content }

function value(path,   c) {
  c = peek()
  if (c == "{") object(path)
  else if (c == "[") array(path)
  else if (c == "\"") emit(path, "string", string())
  else if (substr(text, at, 4) == "true") { at += 4; emit(path, "boolean", "true") }
  else if (substr(text, at, 5) == "false") { at += 5; emit(path, "boolean", "false") }
  else if (substr(text, at, 4) == "null") { at += 4; emit(path, "null", "null") }
  else number(path)
}

function object(path,   count, key) {
  at++
  blank()
  count = 0
  if (peek() == "}") { at++; emit(path, "object", 0); return }
  for (;;) {
    if (peek() != "\"") bad()
    key = string()
    emit(path, "key", key)
    blank()
    if (peek() != ":") bad()
    at++
    blank()
    value(path "." key)
    count++
    blank()
    if (peek() == "}") break
    if (peek() != ",") bad()
    at++
    blank()
  }
  at++
  emit(path, "object", count)
}

function array(path,   count) {
  at++
  blank()
  count = 0
  if (peek() == "]") { at++; emit(path, "array", 0); return }
  for (;;) {
    value(path "[" count "]")
    count++
    blank()
    if (peek() == "]") break
    if (peek() != ",") bad()
    at++
    blank()
  }
  at++
  emit(path, "array", count)
}

function number(path,   rest) {
  rest = substr(text, at, 400)
  if (!match(rest, /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/)) bad()
  emit(path, "number", substr(rest, 1, RLENGTH))
  at += RLENGTH
}

# The content, unescaped; line breaks, tabs and other controls stay as they were escaped.
function string(   c, out, part) {
  at++
  out = ""
  for (;;) {
    part = substr(text, at, 256)
    if (!match(part, /["\\]|[[:cntrl:]]/)) {
      if (part == "") bad()
      out = out part
      at += length(part)
      continue
    }
    out = out substr(part, 1, RSTART - 1)
    at += RSTART
    c = substr(part, RSTART, 1)
    if (c == "\"") return out
    if (c == "\\") out = out escape()
    else if (c == "\177") out = out c
    else bad()
  }
}

function escape(   c) {
  c = peek()
  at++
  if (c == "\"" || c == "\\" || c == "/") return c
  if (c == "b" || c == "f" || c == "n" || c == "r" || c == "t") return "\\" c
  if (c == "u") return unicode()
  bad()
}

function unicode(   code, low) {
  code = hex4()
  if (code >= 55296 && code <= 56319 && substr(text, at, 2) == "\\u") {
    at += 2
    low = hex4()
    code = 65536 + (code - 55296) * 1024 + (low - 56320)
  }
  return utf8(code)
}

function hex4(   i, digit, sum) {
  sum = 0
  for (i = 0; i < 4; i++) {
    digit = index("0123456789abcdef", tolower(substr(text, at + i, 1))) - 1
    if (digit < 0 || at + i > size) bad()
    sum = sum * 16 + digit
  }
  at += 4
  return sum
}

function utf8(code) {
  if (code < 32) return sprintf("\\u%04x", code)
  if (code < 128) return sprintf("%c", code)
  if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
  if (code < 65536)
    return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
  return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, \
    128 + int(code / 64) % 64, 128 + code % 64)
}
