#include <algorithm>

#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"
#include "cluster/api/ecr/lifecycle_policy.h"

namespace ikada::ecr {
namespace {

struct LifecycleInput {
  RepositoryInput repository;
  std::optional<std::string> text;
  PageInput page;
};

void describe(JsonFields& fields, LifecycleInput& input) {
  describe(fields, input.repository);
  fields.field("lifecyclePolicyText", input.text);
  describe_page(fields, input.page);
}

Error no_lifecycle(const std::string& repository, const std::string& account) {
  return ecs_error("LifecyclePolicyNotFoundException",
                   "Lifecycle policy does not exist for the repository with name '{}' in the "
                   "registry with id '{}'",
                   repository,
                   account);
}

Json show_lifecycle(const ApiCall& call,
                    const ImageRepository& repository,
                    const std::optional<std::string>& text,
                    bool with_time) {
  Json shown = {{"registryId", call.options.account},
                {"repositoryName", repository.name},
                {"lifecyclePolicyText", text.value_or("")}};
  Timestamp evaluated = repository.evaluated_at;
  if (with_time) JsonFields(shown).field("lastEvaluatedAt", evaluated);
  return shown;
}

}  // namespace

Result<Outcome> put_lifecycle_policy(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<LifecycleInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  IK_TRY(parse_lifecycle_policy(input.text.value_or("")).map([](const auto&) {}));
  ImageRepository changed = found->record.value;
  changed.lifecycle_policy = input.text;
  changed.evaluated_at = call.now;
  return change_repository(call, *found, changed, show_lifecycle(call, changed, input.text, false));
}

Result<Outcome> get_lifecycle_policy(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<LifecycleInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  const ImageRepository& repository = found->record.value;
  if (!repository.lifecycle_policy.has_value()) {
    return no_lifecycle(repository.name, call.options.account);
  }
  return answer(show_lifecycle(call, repository, repository.lifecycle_policy, true));
}

Result<Outcome> delete_lifecycle_policy(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<LifecycleInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  ImageRepository changed = found->record.value;
  if (!changed.lifecycle_policy.has_value())
    return no_lifecycle(changed.name, call.options.account);
  const Json shown = show_lifecycle(call, changed, changed.lifecycle_policy, true);
  changed.lifecycle_policy.reset();
  return change_repository(call, *found, changed, shown);
}

// A preview takes no time here: what was started is what the other action works out.
Result<Outcome> start_lifecycle_policy_preview(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<LifecycleInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  ImageRepository changed = found->record.value;
  const std::optional<std::string> text =
      input.text.has_value() ? input.text : changed.lifecycle_policy;
  if (!text.has_value()) return no_lifecycle(changed.name, call.options.account);
  IK_TRY(parse_lifecycle_policy(*text).map([](const auto&) {}));
  changed.previewed_policy = text;
  Json shown = show_lifecycle(call, changed, text, false);
  shown["status"] = "IN_PROGRESS";
  return change_repository(call, *found, changed, shown);
}

Result<Outcome> get_lifecycle_policy_preview(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<LifecycleInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  const ImageRepository& repository = found->record.value;
  if (!repository.previewed_policy.has_value()) {
    return ecs_error("LifecyclePolicyPreviewNotFoundException",
                     "There is no lifecycle policy preview for the repository with name '{}' in "
                     "the registry with id '{}'",
                     repository.name,
                     call.options.account);
  }
  IK_LET(rules, parse_lifecycle_policy(*repository.previewed_policy));
  const std::vector<ExpiredImage> expired = find_expired(rules, *found, call.now);
  auto tags = tags_by_digest(*found);
  std::vector<ListItem> items;
  for (const ExpiredImage& each : expired) {
    const auto image = found->images.find(each.digest);
    Json shown = {{"imageTags", tags[each.digest]},
                  {"imageDigest", each.digest},
                  {"action", {{"type", "EXPIRE"}}},
                  {"appliedRulePriority", each.priority}};
    Timestamp pushed = image->second.value.pushed_at;
    JsonFields(shown).field("imagePushedAt", pushed);
    items.push_back({.key = each.digest, .shown = std::move(shown)});
  }
  IK_LET(page, ecr_page(std::move(items), input.page, "previewResults"));
  page.update(show_lifecycle(call, repository, repository.previewed_policy, false));
  page["status"] = "COMPLETE";
  page["summary"] = {{"expiringImageTotalCount", expired.size()}};
  return answer(std::move(page));
}

}  // namespace ikada::ecr
