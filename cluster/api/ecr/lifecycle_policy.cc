#include "cluster/api/ecr/lifecycle_policy.h"

#include <algorithm>
#include <set>

#include "cluster/api/ecr/ecr_lookup.h"
#include "cluster/auth/action_pattern.h"
#include "cluster/model/ecs_error.h"

namespace ikada::ecr {
namespace {

constexpr size_t kMostRules = 50;
constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;

Error bad_lifecycle(std::string_view why) {
  return invalid_parameter(
      "Invalid parameter at 'LifecyclePolicyText' failed to satisfy "
      "constraint: 'Lifecycle policy validation failure: {}'",
      why);
}

struct Selection {
  std::string tag_status;
  std::vector<std::string> tag_prefixes;
  std::vector<std::string> tag_patterns;
  std::string count_type;
  std::string count_unit;
  std::int32_t count = 0;
};

void describe(JsonFields& fields, Selection& selection) {
  fields.required("tagStatus", selection.tag_status);
  fields.field("tagPrefixList", selection.tag_prefixes);
  fields.field("tagPatternList", selection.tag_patterns);
  fields.required("countType", selection.count_type);
  fields.field("countUnit", selection.count_unit);
  fields.required("countNumber", selection.count);
}

struct RuleAction {
  std::string type;
};

void describe(JsonFields& fields, RuleAction& action) { fields.required("type", action.type); }

struct RuleText {
  std::int32_t priority = 0;
  std::string description;
  Selection selection;
  RuleAction action;
};

void describe(JsonFields& fields, RuleText& rule) {
  fields.required("rulePriority", rule.priority);
  fields.field("description", rule.description);
  fields.required("selection", rule.selection);
  fields.required("action", rule.action);
}

struct PolicyText {
  std::vector<RuleText> rules;
};

void describe(JsonFields& fields, PolicyText& policy) { fields.required("rules", policy.rules); }

Result<TagStatus> read_tag_status(const Selection& selection) {
  const bool has_lists = !selection.tag_prefixes.empty() || !selection.tag_patterns.empty();
  if (selection.tag_status == "tagged") {
    const bool has_both = !selection.tag_prefixes.empty() && !selection.tag_patterns.empty();
    if (has_lists && !has_both) return TagStatus::kTagged;
    return bad_lifecycle("tagStatus tagged needs either a tagPrefixList or a tagPatternList");
  }
  if (has_lists) return bad_lifecycle("only tagStatus tagged has lists of tags");
  if (selection.tag_status == "untagged") return TagStatus::kUntagged;
  if (selection.tag_status == "any") return TagStatus::kAny;
  return bad_lifecycle("tagStatus must be tagged, untagged or any");
}

Result<LifecycleRule> read_rule(const RuleText& text) {
  const Selection& selection = text.selection;
  IK_LET(tag_status, read_tag_status(selection));
  const bool counts_images = selection.count_type == "imageCountMoreThan";
  if (!counts_images && selection.count_type != "sinceImagePushed") {
    return bad_lifecycle("countType must be imageCountMoreThan or sinceImagePushed");
  }
  if (counts_images != selection.count_unit.empty()) {
    return bad_lifecycle("countUnit is for sinceImagePushed, and that needs it");
  }
  if (!counts_images && selection.count_unit != "days")
    return bad_lifecycle("countUnit must be days");
  if (selection.count < 1) return bad_lifecycle("countNumber must be 1 or more");
  if (text.priority < 1) return bad_lifecycle("rulePriority must be 1 or more");
  if (text.action.type != "expire") return bad_lifecycle("the only type of action is expire");
  return LifecycleRule{.priority = text.priority,
                       .description = text.description,
                       .tag_status = tag_status,
                       .tag_prefixes = selection.tag_prefixes,
                       .tag_patterns = selection.tag_patterns,
                       .counts_images = counts_images,
                       .count = selection.count};
}

bool has_all(const std::vector<std::string>& wanted,
             const std::vector<std::string>& tags,
             bool (*fits)(const std::string& wish, const std::string& tag)) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& wish) {
    return std::any_of(
        tags.begin(), tags.end(), [&](const std::string& tag) { return fits(wish, tag); });
  });
}

bool selects(const LifecycleRule& rule, const std::vector<std::string>& tags) {
  if (rule.tag_status == TagStatus::kAny) return true;
  if (rule.tag_status == TagStatus::kUntagged) return tags.empty();
  const bool has_prefixes =
      has_all(rule.tag_prefixes, tags, [](const std::string& wish, const std::string& tag) {
        return tag.starts_with(wish);
      });
  return !tags.empty() && has_prefixes &&
         has_all(rule.tag_patterns, tags, [](const std::string& wish, const std::string& tag) {
           return auth::matches_pattern(wish, tag, auth::LetterCase::kCounts);
         });
}

}  // namespace

Result<std::vector<LifecycleRule>> parse_lifecycle_policy(const std::string& text) {
  if (text.size() > kMaxPolicyBytes) return bad_lifecycle("it is too long");
  const Result<Json> json = parse_json(text);
  if (!json.has_value() || !json->is_object()) return bad_lifecycle("it is no JSON object");
  const Result<PolicyText> policy = from_json<PolicyText>(*json, "policy");
  if (!policy.has_value()) return bad_lifecycle(policy.error().message);
  if (policy->rules.empty() || policy->rules.size() > kMostRules) {
    return bad_lifecycle(fmt::format("it must have 1 to {} rules", kMostRules));
  }
  std::vector<LifecycleRule> rules;
  for (const RuleText& each : policy->rules) {
    IK_LET(rule, read_rule(each));
    rules.push_back(std::move(rule));
  }
  std::sort(rules.begin(), rules.end(), [](const auto& a, const auto& b) {
    return a.priority < b.priority;
  });
  for (size_t i = 0; i + 1 < rules.size(); ++i) {
    if (rules[i].priority == rules[i + 1].priority) {
      return bad_lifecycle("two rules have the same rulePriority");
    }
    if (rules[i].tag_status == TagStatus::kAny) {
      return bad_lifecycle("a rule with tagStatus any must have the highest rulePriority");
    }
  }
  return rules;
}

std::vector<ExpiredImage> find_expired(const std::vector<LifecycleRule>& rules,
                                       const RepositoryState& repository,
                                       Timestamp now) {
  auto tags = tags_by_digest(repository);
  std::vector<const RepositoryImage*> youngest_first;
  for (const auto& [digest, image] : repository.images) youngest_first.push_back(&image.value);
  std::stable_sort(youngest_first.begin(), youngest_first.end(), [](const auto* a, const auto* b) {
    return a->pushed_at > b->pushed_at;
  });
  std::set<std::string> taken;  // Selected by a rule before.
  std::vector<ExpiredImage> expired;
  for (const LifecycleRule& rule : rules) {
    std::vector<ExpiredImage> of_rule;
    std::vector<std::string> selected;
    for (const RepositoryImage* image : youngest_first) {
      if (!selects(rule, tags[image->digest])) continue;
      selected.push_back(image->digest);
      const bool is_over = rule.counts_images ? selected.size() > static_cast<size_t>(rule.count)
                                              : image->pushed_at.milliseconds <=
                                                    now.milliseconds - rule.count * kDayMs;
      if (!is_over || taken.count(image->digest) > 0) continue;
      if (is_listed_by_index(repository, image->digest)) continue;
      of_rule.push_back({.digest = image->digest, .priority = rule.priority});
    }
    taken.insert(selected.begin(), selected.end());
    expired.insert(expired.end(), of_rule.rbegin(), of_rule.rend());
  }
  return expired;
}

Proposal plan_lifecycle(const ScopeState& scope, Timestamp now) {
  Proposal proposal;
  for (const auto& [name, repository] : scope.repositories) {
    const ImageRepository& record = repository.record.value;
    if (repository.record.revision == 0 || !record.lifecycle_policy.has_value()) continue;
    const auto rules = parse_lifecycle_policy(*record.lifecycle_policy);
    if (!rules.has_value()) continue;
    for (const ExpiredImage& each : find_expired(*rules, repository, now)) {
      remove_image(proposal, scope.scope, repository, each.digest);
      if (proposal.changes.size() >= kMaxChanges / 2) break;
    }
    if (proposal.changes.empty()) continue;
    ImageRepository evaluated = record;
    evaluated.evaluated_at = now;
    proposal.put(repository_key(scope.scope, record.name), evaluated, repository.record.revision);
    return proposal;
  }
  return proposal;
}

}  // namespace ikada::ecr
