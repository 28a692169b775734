-- Script for wrk: `wrk … URL -- MODE FILE` polls the jobs whose ids are in FILE, one after another.
-- MODE `changed` requests the document; `unchanged` sends the last ETag of that job.
-- The last line of the output is JSON. wrk's own times are in microseconds.

local paths, ids, tags, turn = {}, {}, {}, 0
local conditional

function init(arguments)
   conditional = arguments[1] == "unchanged"
   for id in io.lines(arguments[2]) do
      table.insert(ids, id)
      table.insert(paths, wrk.format("GET", "/api/status/" .. id))
   end
   turn = math.random(#ids)
   if conditional then
      response = remember
   end
end

function request()
   turn = turn % #ids + 1
   if tags[ids[turn]] then
      return tags[ids[turn]]
   end
   return paths[turn]
end

-- Store the ETag of a new version in the request of its job.
function remember(status, headers, body)
   if status == 200 then
      local id, tag = body:match('"job_id":"([^"]+)"'), headers["ETag"] or headers["etag"]
      tags[id] = wrk.format("GET", "/api/status/" .. id, { ["If-None-Match"] = tag })
   end
end

function done(summary, latency, requests)
   local failed = 0
   for _, count in pairs(summary.errors) do
      failed = failed + count
   end
   print(string.format(
      '{"requests": %d, "seconds": %.6f, "bytes": %d, "failed": %d, "p50_ms": %.3f, "p99_ms": %.3f}',
      summary.requests, summary.duration / 1e6, summary.bytes, failed,
      latency:percentile(50) / 1000, latency:percentile(99) / 1000
   ))
end
