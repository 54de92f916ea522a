/**
 * What runs inside Redis. A script is one moment: nothing comes between its commands, and what it writes is written
 * to replicas and to the log as a whole.
 *
 * KEYS: the ledger, its records, the two orders, then the item. ARGV: the incarnation and the version up to which the
 * caller knows everything, and a random name, for an incarnation and for the answer, then what the script needs.
 *
 * Fields of the ledger: `i` incarnation, `h` head, `r` identity of the server, `t` last time and `o` what was added to
 * the server's, `f` and `g` floors of labels and of URLs, `w` bytes of the records; `m…` and `u…` marks.
 */
const ledger = `
local maxMarks, maxUriMarks, maxRecords, maxRecordBytes = 100000, 10000, 10000, 16777216
local metaFields = 8
local keys = { ledger = KEYS[1], records = KEYS[2], m = KEYS[3], u = KEYS[4], item = KEYS[5] }

-- A server says who it is: another one, or the same after a restart, may have forgotten something.
local function identity()
  local info = redis.call('INFO', 'replication')
  if string.match(info, 'role:(%a+)') ~= 'master' then return nil end
  return string.match(info, 'master_replid:(%x+)')
end

local function begin(now, server, last)
  local id = string.format('%.0f', math.max(now, last and last + 1 or 0))
  local incarnation = id .. '-' .. ARGV[3]
  redis.call('DEL', keys.ledger, keys.records, keys.m, keys.u)
  redis.call('HSET', keys.ledger, 'i', incarnation, 'h', 0, 'r', server, 't', now, 'o', 0, 'f', 0, 'g', 0, 'w', 0)
  -- Whoever waits for records wakes up.
  redis.call('XADD', keys.records, id .. '-0', 'j', '')
  return { i = incarnation, id = id, h = 0, f = 0, g = 0, w = 0, now = now }
end

local function clock(field)
  local time = redis.call('TIME')
  local now = math.floor(time[1] * 1000 + time[2] / 1000)
  local last, added = tonumber(field.t) or 0, tonumber(field.o) or 0
  if now + added < last then
    added = last - now
    redis.pcall('HSET', keys.ledger, 't', last, 'o', added)
  elseif last > 0 and now + added > last + 100 then
    redis.pcall('HSET', keys.ledger, 't', now + added)
  end
  return now + added
end

local function open()
  local server = identity()
  if not server then return nil end
  local held = redis.pcall('HMGET', keys.ledger, 'i', 'h', 'r', 't', 'o', 'f', 'g', 'w')
  if held.err then held = {} end
  local field = { i = held[1], h = tonumber(held[2]), r = held[3], t = held[4], o = held[5] }
  local now = clock(field)
  local id = field.i and string.match(field.i, '^(%d+)-')
  local floors = { tonumber(held[6]), tonumber(held[7]), tonumber(held[8]) }
  local isWhole = id and #field.i <= 64 and field.h and floors[1] and floors[2] and floors[3]
  local isBehind = isWhole and ARGV[1] == field.i and tonumber(ARGV[2]) > field.h
  if not isWhole or field.r ~= server or isBehind then return begin(now, server, tonumber(id)) end
  return { i = field.i, id = id, h = field.h, f = floors[1], g = floors[2], w = floors[3], now = now }
end

local function recordsAfter(ledger)
  local from = tonumber(ARGV[2])
  if ARGV[1] ~= ledger.i or ledger.h - from > maxRecords then return false end
  if ledger.h == from then return {} end
  local function place(version) return string.format('%s-%.0f', ledger.id, version) end
  local found = redis.pcall('XRANGE', keys.records, place(from + 1), place(ledger.h))
  if found.err then return false end
  return found
end

local function view(ledger, more)
  return { ledger.i, ledger.h, ledger.now, recordsAfter(ledger), more or false, ARGV[3] }
end

local function isNewer(held, incarnation, version, startedAt)
  if held.err or held[1] ~= incarnation then return false end
  local v, s = tonumber(held[2]) or 0, tonumber(held[3]) or 0
  return v > version or (v == version and s > startedAt)
end

local function tableOf(label)
  return string.sub(label, 1, 1) == 'u' and 'u' or 'm'
end

local ledger = open()
if not ledger then return redis.error_reply('READONLY this server is not the primary') end
`

/** Up to date, and nothing else. */
const sync = `${ledger}
return view(ledger)
`

/** ARGV: the most bytes that an item may have. */
const read = `${ledger}
local function marks(labels)
  local found = {}
  local fields, hasUri = {}, false
  for index, label in ipairs(labels) do
    local letter = tableOf(label)
    fields[index] = letter .. label
    if letter == 'u' then hasUri = true end
  end
  if ledger.f > 0 then found[1] = string.format('0 %.0f', ledger.f) end
  if hasUri and ledger.g > 0 then found[#found + 1] = string.format('0 %.0f', ledger.g) end
  if #fields == 0 then return found end
  for _, mark in ipairs(redis.call('HMGET', keys.ledger, unpack(fields))) do
    if mark then found[#found + 1] = mark end
  end
  return found
end

local function item()
  local held = redis.pcall('HMGET', keys.item, 'i', 'v', 's', 'l')
  if held.err or held[1] ~= ledger.i or not held[4] or not tonumber(held[2]) then return false end
  if redis.call('HSTRLEN', keys.item, 'b') > tonumber(ARGV[4]) then return false end
  local isRead, labels = pcall(cmsgpack.unpack, held[4])
  if not isRead or type(labels) ~= 'table' or #labels > 1200 then return false end
  for _, label in ipairs(labels) do if type(label) ~= 'string' then return false end end
  return { redis.call('HGET', keys.item, 'b'), held[2], marks(labels) }
end

return view(ledger, item())
`

/** ARGV: incarnation, version and start of the item, when it is of no use any more, its labels as JSON, its bytes. */
const write = `${ledger}
local incarnation, version, startedAt = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if incarnation ~= ledger.i then return 0 end
local held = redis.pcall('HMGET', keys.item, 'i', 'v', 's')
local keptMs = math.ceil(tonumber(ARGV[7]) - ledger.now)
if keptMs <= 0 or isNewer(held, incarnation, version, startedAt) then return 0 end
local labels = cmsgpack.pack(cjson.decode(ARGV[8]))
if held.err then redis.call('DEL', keys.item) end
redis.call('HSET', keys.item, 'i', incarnation, 'v', ARGV[5], 's', ARGV[6], 'l', labels, 'b', ARGV[9])
redis.call('PEXPIRE', keys.item, string.format('%.0f', keptMs))
return 1
`

/** ARGV: incarnation, version and start of what is no more, milliseconds for which it is kept out. */
const remove = `${ledger}
local incarnation, version, startedAt = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if incarnation ~= ledger.i then return 0 end
local held = redis.pcall('HMGET', keys.item, 'i', 'v', 's', 'l')
local forMs = tonumber(ARGV[7])
-- A removal from before: neither of the two ends earlier than it was said.
local isKeptOut = not held.err and held[1] == incarnation and not held[4]
if isKeptOut then forMs = math.max(forMs, redis.call('PTTL', keys.item)) end
if not isNewer(held, incarnation, version, startedAt) then
  redis.call('DEL', keys.item)
  redis.call('HSET', keys.item, 'i', incarnation, 'v', ARGV[5], 's', ARGV[6])
elseif not isKeptOut then
  return 0
end
redis.call('PEXPIRE', keys.item, string.format('%.0f', forMs))
return 1
`

/**
 * ARGV: milliseconds until it is expired (0 at once, -1 never), and what is marked as JSON. Marks are written as
 * \`stale expired\` and pairs of \`before at\`, and joined as \`joinMarks\` of the core does it.
 */
const record = `${ledger}
local function forgetOldest(letter, limit, field)
  local excess = redis.call('ZCARD', keys[letter]) - limit
  if excess <= 0 then return end
  local oldest = redis.call('ZPOPMIN', keys[letter], excess)
  for index = 1, #oldest, 2 do
    redis.call('HDEL', keys.ledger, letter .. oldest[index])
    ledger[field] = math.max(ledger[field], tonumber(oldest[index + 1]))
  end
  redis.call('HSET', keys.ledger, field, ledger[field])
end

-- Marks and their orders are lost together, or everything from before counts as invalidated.
local isWhole, known = pcall(function()
  return metaFields + redis.call('ZCARD', keys.m) + redis.call('ZCARD', keys.u)
end)
if not isWhole or redis.call('HLEN', keys.ledger) ~= known then
  ledger = begin(ledger.now, identity(), tonumber(ledger.id))
end

local version = ledger.h + 1
local expireIn = tonumber(ARGV[4])
local expiredAt = expireIn == 0 and 0 or (expireIn > 0 and math.floor(ledger.now + expireIn) or -1)

local function numbers(text)
  local list = {}
  for number in string.gmatch(text or '0 0', '%d+') do list[#list + 1] = tonumber(number) end
  return list
end

local function text(list)
  for index, number in ipairs(list) do list[index] = string.format('%.0f', number) end
  return table.concat(list, ' ')
end

-- More than four deadlines: those two that are closest in time become one, sooner and never later.
local function bounded(waiting)
  while #waiting > 4 do
    local best, smallest = 1, math.huge
    for index = 1, #waiting - 1 do
      local gap = waiting[index + 1][2] - waiting[index][2]
      if gap < smallest then best, smallest = index, gap end
    end
    waiting[best] = { waiting[best + 1][1], waiting[best][2] }
    table.remove(waiting, best + 1)
  end
  return waiting
end

local function softened(mark)
  local expired, waiting = mark[2] or 0, {}
  for index = 3, #mark - 1, 2 do
    if mark[index + 1] <= ledger.now then expired = math.max(expired, mark[index]) end
  end
  for index = 3, #mark - 1, 2 do
    local isSooner = expiredAt < 0 or mark[index + 1] < expiredAt
    if mark[index] > expired and isSooner then waiting[#waiting + 1] = { mark[index], mark[index + 1] } end
  end
  if expiredAt > 0 then waiting[#waiting + 1] = { version, expiredAt } end
  local list = { version, expired }
  for _, pair in ipairs(bounded(waiting)) do
    list[#list + 1] = pair[1]
    list[#list + 1] = pair[2]
  end
  return list
end

local changed = { m = {}, u = {} }
local function worsen(labels, isHard)
  for _, label in ipairs(labels) do
    local letter = tableOf(label)
    local before = changed[letter][label]
    if before == nil then before = redis.call('HGET', keys.ledger, letter .. label) or '0 0' end
    local mark = numbers(before)
    changed[letter][label] = isHard and text({ mark[1] or 0, version }) or text(softened(mark))
  end
end

local function put(letter)
  local fields, order = {}, {}
  local function flush()
    if #fields == 0 then return end
    redis.call('HSET', keys.ledger, unpack(fields))
    redis.call('ZADD', keys[letter], unpack(order))
    fields, order = {}, {}
  end
  for label, mark in pairs(changed[letter]) do
    fields[#fields + 1] = letter .. label
    fields[#fields + 1] = mark
    order[#order + 1] = version
    order[#order + 1] = label
    if #fields >= 2000 then flush() end
  end
  flush()
end

local marking = cjson.decode(ARGV[5])
local entry = { 't', string.format('%.0f', ledger.now), 'x', string.format('%.0f', expiredAt), 'j', ARGV[5] }
local id = string.format('%s-%.0f', ledger.id, version)
local added = redis.pcall('XADD', keys.records, id, unpack(entry))
if type(added) == 'table' and added.err then
  -- Something else lies there, or a clock was set back: what others missed, they find out.
  local isInTheWay = string.find(added.err, 'WRONGTYPE') or string.find(added.err, 'equal or smaller')
  if not isInTheWay then return redis.error_reply(added.err) end
  redis.call('DEL', keys.records)
  redis.call('XADD', keys.records, id, unpack(entry))
end

if #marking.labels + #marking.hardLabels > maxMarks / 2 then
  -- So much at once leaves little else, and would take long.
  ledger.f, ledger.g = version, version
  redis.call('HSET', keys.ledger, 'f', version, 'g', version)
else
  worsen(marking.labels, expireIn == 0)
  worsen(marking.hardLabels, true)
  put('m')
  put('u')
end
ledger.h, ledger.w = version, ledger.w + #ARGV[5]
redis.call('XTRIM', keys.records, 'MAXLEN', maxRecords)
if ledger.w > maxRecordBytes then
  -- The older half of those that there are: whoever is a few behind finds the others still there.
  local kept = math.max(1, math.floor(redis.call('XLEN', keys.records) / 2))
  redis.call('XTRIM', keys.records, 'MAXLEN', kept)
  ledger.w = math.max(#ARGV[5], math.floor(ledger.w / 2))
end
redis.call('HSET', keys.ledger, 'h', version, 'w', ledger.w)
forgetOldest('m', maxMarks, 'f')
forgetOldest('u', maxUriMarks, 'g')
return view(ledger)
`

export const lua = { sync, read, write, remove, record }
