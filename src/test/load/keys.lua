-- Sends each request with the next of many keys. Arguments: file of tokens, requests per second in
-- all (0: as fast as the answers come).
local requests, at, mean = {}, 0, 0

function init(args)
  for token in io.lines(args[1]) do
    requests[#requests + 1] =
      wrk.format("GET", nil, {Host = wrk.host, Authorization = "Bearer " .. token})
  end
  math.randomseed(42)
  at = math.random(#requests)
  local rate = tonumber(args[2] or "0")
  if rate > 0 then
    mean = 1000 * tonumber(args[3]) / rate
    -- Each connection waits a random time before each request, whatever the others do.
    delay = function() return math.floor(-math.log(1 - math.random()) * mean + 0.5) end
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  io.write(string.format("RESULT %d %d %.3f %.3f %.3f %d\n", summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
