-- What wrk sends: calls that name distinct appointment-requests in an order without locality.
-- Arguments: name=value. Counted here: what was sent, and which of it must change a row.
local ffi = require("ffi")
ffi.cdef [[
    typedef struct { long seconds; long nanoseconds; } bench_moment;
    int clock_gettime(int clock, bench_moment *moment);
]]
local MONOTONIC = 1
local moment = ffi.new("bench_moment")

local function now()
    ffi.C.clock_gettime(MONOTONIC, moment)
    return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

local head, tail, tokens, options
sent, fresh, unknown, calls = 0, 0, 0, 0
began, ended = 0, 0

function init(arguments)
    options = {}
    for _, argument in ipairs(arguments) do
        local name, value = argument:match("([^=]+)=(.*)")
        options[name] = tonumber(value) or value
    end
    tokens = {}
    for line in io.lines(options.tokens) do
        table.insert(tokens, line)
    end
    local host = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\n"
    if options.kind == "read" then
        head = "GET /api/connect/orders/appointment-requests/request/"
        tail = "\r\nX-API-VERSION: 7\r\n" .. host .. "\r\n"
    else
        head = "POST /api/connect/orders/appointment-requests/cancel HTTP/1.1\r\n" ..
            "Content-Type: application/json;charset=UTF-8\r\nAuthorization: Bearer "
        tail = "\r\nX-API-VERSION: 7\r\nContent-Length: 35\r\n" .. host .. "\r\n" .. '{"appointmentRequestId":'
    end
end

local function text(id)
    local token = tokens[sent % #tokens + 1]
    if options.kind == "read" then
        return head .. string.format("%.0f", id) .. " HTTP/1.1\r\nAuthorization: Bearer " .. token .. tail
    end
    -- Ids have ten digits: the length above is right.
    return head .. token .. tail .. string.format("%.0f", id) .. "}"
end

local function nth(number)
    return options.first + ((options.skip + number) * options.stride) % options.rows
end

local function next_id()
    local roll = (sent * 37) % 100
    if roll < options.unknown then
        unknown = unknown + 1
        return options.first + options.rows + sent
    end
    if roll < options.unknown + options.again and fresh > 0 then
        return nth(fresh - 1 - (sent * 7919) % math.min(fresh, 1000))
    end
    fresh = fresh + 1
    return nth(fresh - 1)
end

local function spent()
    return sent >= options.limit or (options.skip + fresh >= options.rows and options.cycle == 0)
end

function request()
    calls = calls + 1
    if calls == 1 then
        -- wrk asks once to see what it looks like, and does not send that.
        return text(options.first)
    end
    if sent == 0 then
        began = now()
    end
    if spent() then
        if ended == 0 then
            ended = now()
            wrk.thread:stop()
        end
        return text(nth(0))
    end
    local id = next_id()
    sent = sent + 1
    return text(id)
end

function done(summary, latency, requests)
    local thread = threads[1]
    local took = summary.duration / 1e6
    if thread:get("ended") > 0 then
        took = thread:get("ended") - thread:get("began")
    end
    local broken = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    io.write(string.format(
        '{"answered": %d, "sent": %d, "fresh": %d, "unknown": %d, "refused": %d, "broken": %d, ' ..
        '"seconds": %f, "p50_ms": %f, "p99_ms": %f}\n',
        summary.requests, thread:get("sent"), thread:get("fresh"), thread:get("unknown"), summary.errors.status,
        broken, took, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
    ))
end
