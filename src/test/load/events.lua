-- Publishes events of one account. Arguments: the account's id, the token, events per second in all
-- (0: as fast as the answers come), connections.
local mean = 0

function init(args)
  wrk.method = "POST"
  wrk.headers["Authorization"] = "Bearer " .. args[2]
  wrk.body = string.format('{"account_id":"%s","event":"load.test","data":{"text":"%s"}}',
    args[1], string.rep("x", 500))
  math.randomseed(42)
  local rate = tonumber(args[3])
  if rate > 0 then
    mean = 1000 * tonumber(args[4]) / rate
    delay = function() return math.floor(-math.log(1 - math.random()) * mean + 0.5) end
  end
end

function done(summary)
  io.write(string.format("PUBLISHED %d %d\n", summary.requests,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
