// A group of the cluster's log store, as a record. What its streams hold is on the hosts
// (cluster/logstore).
//
// Source: Amazon CloudWatch Logs API Reference, LogGroup; "PutRetentionPolicy".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/model/arn.h"
#include "cluster/model/json_fields.h"
#include "runtime/base/result.h"

namespace ikada {

struct LogGroup {
  std::string name = {};
  Timestamp created_at = {};
  std::optional<std::int32_t> retention_days = {};  // Nothing: for ever.
  std::map<std::string, std::string> tags = {};
};
void describe(JsonFields& fields, LogGroup& group);

// 1–512 letters, digits and "._-/#".
bool is_log_group_name(std::string_view name);
// 1–512 characters without ':' and '*'.
bool is_log_stream_name(std::string_view name);
bool is_region_name(std::string_view name);
// One of the numbers of days that AWS takes.
bool is_retention(std::int32_t days);

// The name in its record's key and in the state, where there is no '/'.
std::string log_group_record_name(std::string_view name);

// "arn:aws:logs:REGION:ACCOUNT:log-group:NAME".
std::string log_group_arn(const Scope& scope, std::string_view name);
// The name of one, with or without ":*" at its end; a name is itself.
std::string log_group_of_arn(std::string_view arn);

}  // namespace ikada
