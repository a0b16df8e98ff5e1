#include <algorithm>
#include <iterator>

#include "cluster/api/logs/log_actions.h"

namespace ikada::logs {
namespace {

constexpr ActionEntry kLogActions[] = {
    {"CreateLogGroup", create_log_group},
    {"DeleteLogGroup", delete_log_group},
    {"DeleteRetentionPolicy", delete_retention_policy},
    {"DescribeLogGroups", describe_log_groups},
    {"ListTagsForResource", list_tags_for_resource},
    {"ListTagsLogGroup", list_tags_log_group},
    {"PutRetentionPolicy", put_retention_policy},
    {"TagLogGroup", tag_log_group},
    {"TagResource", tag_resource},
    {"UntagLogGroup", untag_log_group},
    {"UntagResource", untag_resource},
};

}  // namespace

const ActionEntry* find_action(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kLogActions), std::end(kLogActions), [&](const ActionEntry& each) {
        return each.name == name;
      });
  return found == std::end(kLogActions) ? nullptr : found;
}

}  // namespace ikada::logs
