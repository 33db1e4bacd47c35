# Results of all rounds to one table.
# case rate ticks rss RESULT requests microseconds p50 p99 p99.9 errors
{
  if ($2 == 0) {
    note($1 " throughput", $6 / $7 * 1e6)
    note($1 " cpu", $3 / hertz * 1e6 / $6)
  } else {
    note($1 " p50", $8); note($1 " p99", $9); note($1 " p999", $10)
  }
  note($1 " rss", $4)
  errors[$1] += $11
}

function note(name, value) { values[name, ++count[name]] = value }

function sorted(name,   i, j, held) {
  for (i = 2; i <= count[name]; i++)
    for (j = i; j > 1 && values[name, j] < values[name, j - 1]; j--) {
      held = values[name, j]; values[name, j] = values[name, j - 1]; values[name, j - 1] = held
    }
}

function median(name,   n) {
  sorted(name); n = count[name]
  return n % 2 ? values[name, (n + 1) / 2] : (values[name, n / 2] + values[name, n / 2 + 1]) / 2
}

function cell(name, format,   middle) {
  middle = median(name)
  return sprintf(format " (" format "-" format ")", middle, values[name, 1], values[name, count[name]])
}

END {
  n = split(order, names, " ")
  reference = ("nginx-lua cpu" in count) ? median("nginx-lua cpu") : 0
  printf "%-10s %-24s %-22s %-8s %-20s %-20s %-22s %-6s %s\n", "case", "requests/s",
    "CPU us/request", "/ lua", "p50 ms @" rate "/s", "p99 ms", "p99.9 ms", "MiB", "errors"
  for (i = 1; i <= n; i++) {
    name = names[i]
    printf "%-10s %-24s %-22s %-8s %-20s %-20s %-22s %-6d %d\n", name,
      cell(name " throughput", "%d"), cell(name " cpu", "%.1f"),
      reference ? sprintf("%.2f", median(name " cpu") / reference) : "-",
      cell(name " p50", "%.2f"), cell(name " p99", "%.2f"), cell(name " p999", "%.2f"),
      median(name " rss"), errors[name]
  }
}
