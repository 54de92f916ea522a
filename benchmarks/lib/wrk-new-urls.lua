-- Asks for another URL with each request.
local count = 0
request = function()
  count = count + 1
  return wrk.format('GET', wrk.path .. '?n=' .. count)
end

local here = debug.getinfo(1, 'S').source:sub(2):match('.*/')
dofile(here .. 'wrk-report.lua')
