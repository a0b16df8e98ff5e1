#include "cluster/model/log_group.h"

#include <algorithm>
#include <array>

namespace ikada {
namespace {

constexpr size_t kMaxLogName = 512;
constexpr std::string_view kLogGroupCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/#";

}  // namespace

void describe(JsonFields& fields, LogGroup& group) {
  fields.required("name", group.name);
  fields.field("createdAt", group.created_at);
  fields.field("retentionInDays", group.retention_days);
  fields.field("tags", group.tags);
}

bool is_log_group_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxLogName &&
         name.find_first_not_of(kLogGroupCharacters) == std::string_view::npos;
}

bool is_log_stream_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxLogName &&
         name.find_first_of(":*") == std::string_view::npos &&
         std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

bool is_region_name(std::string_view name) {
  constexpr size_t kMaxRegion = 64;
  return !name.empty() && name.size() <= kMaxRegion &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool is_retention(std::int32_t days) {
  constexpr std::array<std::int32_t, 22> kDays = {1,    3,    5,    7,    14,   30,  60,  90,
                                                  120,  150,  180,  365,  400,  545, 731, 1096,
                                                  1827, 2192, 2557, 2922, 3288, 3653};
  return std::ranges::find(kDays, days) != kDays.end();
}

std::string log_group_record_name(std::string_view name) {
  std::string record(name);
  std::ranges::replace(record, '/', '%');
  return record;
}

std::string log_group_arn(const Scope& scope, std::string_view name) {
  return fmt::format("arn:aws:logs:{}:{}:log-group:{}", scope.region, scope.account, name);
}

std::string log_group_of_arn(std::string_view arn) {
  constexpr std::string_view kMark = ":log-group:";
  const size_t mark = arn.find(kMark);
  if (!arn.starts_with("arn:") || mark == std::string_view::npos) return std::string(arn);
  std::string_view name = arn.substr(mark + kMark.size());
  return std::string(name.substr(0, name.find(':')));
}

}  // namespace ikada
