-- Sends requests whose keys are distributed by Zipf's law, one in a hundred with a key that nobody
-- used before. Arguments: file of tokens, file of tokens for the misses.
local tokens, others, at = {}, {}, 0

local function lines(file, into)
  for token in io.lines(file) do into[#into + 1] = token end
end

function init(args)
  lines(args[1], tokens)
  lines(args[2], others)
  math.randomseed(os.time())
  at = math.random(#others)
end

function request()
  local token
  if math.random(100) == 1 then
    at = at % #others + 1
    token = others[at]
  else
    token = tokens[math.floor((#tokens) ^ math.random())] -- the inverse of 1/rank, summed up
  end
  return wrk.format("GET", nil, {Host = wrk.host, Authorization = "Bearer " .. token})
end

function done(summary, latency)
  io.write(string.format("RESULT %d %d %.3f %.3f %.3f %d\n", summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
