-- Conditions only, and neither string nor os: Argo CD runs it without them unless an administrator allows it.
local hs = { status = "Progressing", message = "waiting for the operator" }

local status = obj.status or {}
local retry = (obj.metadata.annotations or {})["cliptask.dev/retry"] or ""
if status.observedGeneration ~= obj.metadata.generation or (status.observedRetry or "") ~= retry then
  return hs
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local complete, failed = conditions.Complete, conditions.Failed
if complete == nil or failed == nil then
  return hs
end

if complete.status == "True" then
  hs.status = "Healthy"
  hs.message = complete.message
  return hs
end

if failed.status == "True" then
  hs.status = "Degraded"
  hs.message = failed.reason .. ": " .. failed.message
  local first = (status.failures or {})[1]
  if first ~= nil then
    hs.message = hs.message .. "; the first: " .. first.variant .. ": " .. first.reason .. ": " .. first.message
  end
  return hs
end

if complete.reason == "Suspended" then
  hs.status = "Suspended"
  hs.message = complete.message
  return hs
end

if complete.reason == "Rendering" then
  hs.message = "rendering: " .. (status.succeeded or 0) .. " of " .. (status.variants or 0) .. " videos"
  if (status.failed or 0) > 0 then
    hs.message = hs.message .. ", " .. status.failed .. " failed"
  end
  return hs
end

hs.message = complete.message
-- Anything else holds it up until an administrator mends it; what does not answer is tried again by itself.
local passes = { Pending = true, Fetching = true, Unavailable = true }
if not passes[complete.reason] then
  hs.status = "Degraded"
  hs.message = complete.reason .. ": " .. complete.message
end
return hs
