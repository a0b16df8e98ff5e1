// Lifecycle policies: which images of a repository are over, by their age or their number. Pure.
//
// Rules are followed in the order of their priorities. What a rule selects by its tags no later
// rule can expire; its images count there all the same. An image that an index lists goes only when
// that index has gone.
//
// Source: Amazon ECR User Guide, "Lifecycle policy properties", "How lifecycle policies work".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/api/outcome.h"
#include "cluster/state/state.h"
#include "runtime/base/result.h"

namespace ikada::ecr {

enum class TagStatus { kTagged, kUntagged, kAny };

struct LifecycleRule {
  std::int32_t priority = 0;
  std::string description = {};
  TagStatus tag_status = TagStatus::kAny;
  std::vector<std::string> tag_prefixes = {};  // Each must begin one of the image's tags.
  std::vector<std::string> tag_patterns = {};  // Each must fit one; '*' stands for any letters.
  bool counts_images = true;                   // Else days since the push.
  std::int32_t count = 1;
};

inline constexpr size_t kMaxPolicyBytes = 30'720;

// In the order of their priorities. InvalidParameterException.
Result<std::vector<LifecycleRule>> parse_lifecycle_policy(const std::string& text);

struct ExpiredImage {
  std::string digest = {};
  std::int32_t priority = 0;  // Of the rule.

  bool operator==(const ExpiredImage&) const = default;
};
// By the rules' order, then the oldest first.
std::vector<ExpiredImage> find_expired(const std::vector<LifecycleRule>& rules,
                                       const RepositoryState& repository,
                                       Timestamp now);

// Removes what is over in one of the scope's repositories; empty if nothing is.
Proposal plan_lifecycle(const ScopeState& scope, Timestamp now);

}  // namespace ikada::ecr
