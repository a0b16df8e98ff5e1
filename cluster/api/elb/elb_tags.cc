#include "cluster/api/elb/elb_tags.h"

#include <functional>
#include <set>

#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"

namespace ikada::elb {
namespace {

constexpr size_t kMaxDescribed = 20;

struct TagsInput {
  std::vector<std::string> resource_arns;
  std::vector<TagInput> tags;
  std::vector<std::string> tag_keys;
};

void describe(JsonFields& fields, TagsInput& input) {
  fields.required("ResourceArns", input.resource_arns);
  fields.field("Tags", input.tags);
  fields.field("TagKeys", input.tag_keys);
}

Result<void> check_elb_tags(const std::vector<Tag>& tags) {
  if (tags.size() > kMaxTagsPerResource) {
    return ecs_error("TooManyTags", "A resource has at most {} tags", kMaxTagsPerResource);
  }
  const Result<void> checked = check_tags(tags);
  if (!checked.has_value()) return validation_error("{}", checked.error().message);
  return {};
}

using ChangeTags = std::function<Result<void>(std::vector<Tag>& tags)>;

// Changes the tags of what the ARN names; a rule's are in its listener.
Result<void> propose_tags(Proposal& proposal,
                          const ApiCall& call,
                          const State& state,
                          const std::string& arn,
                          const ChangeTags& change) {
  const std::optional<BalancerPart> part = parse_balancer_arn(arn, call.scope);
  if (!part.has_value()) return validation_error("'{}' is not a valid ARN", arn);
  switch (part->kind) {
    case BalancerPart::Kind::kBalancer: {
      IK_LET(found, find_balancer(call, state, arn));
      LoadBalancer changed = found->value;
      IK_TRY(change(changed.tags));
      proposal.put(balancer_key(call.scope, changed.name), changed, found->revision);
      return {};
    }
    case BalancerPart::Kind::kTargetGroup: {
      IK_LET(found, find_target_group(call, state, arn));
      TargetGroup changed = found->value;
      IK_TRY(change(changed.tags));
      proposal.put(target_group_key(call.scope, changed.name), changed, found->revision);
      return {};
    }
    case BalancerPart::Kind::kListener: {
      IK_LET(found, find_listener(call, state, arn));
      Listener changed = found.listener->value;
      IK_TRY(change(changed.tags));
      proposal.put(listener_key(call.scope, changed.balancer, changed.id),
                   changed,
                   found.listener->revision);
      return {};
    }
    case BalancerPart::Kind::kRule: {
      IK_LET(found, find_rule(call, state, arn));
      if (found.is_default) return validation_error("A default rule has no tags");
      Listener changed = found.listener->value;
      IK_TRY(change(changed.rules[found.index].tags));
      proposal.put(listener_key(call.scope, changed.balancer, changed.id),
                   changed,
                   found.listener->revision);
      return {};
    }
  }
  return {};
}

Result<Outcome> change_tags(const ApiCall& call,
                            const State& state,
                            const std::vector<std::string>& arns,
                            const ChangeTags& change) {
  // More would need one transaction for several changes of one listener's rules.
  if (arns.size() != 1) return validation_error("Exactly one resource must be specified");
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  IK_TRY(propose_tags(proposal, call, state, arns.front(), change));
  return propose(std::move(proposal));
}

}  // namespace

void describe(JsonFields& fields, TagInput& input) {
  fields.required("Key", input.tag.key);
  fields.field("Value", input.tag.value);
}

Result<std::vector<Tag>> read_tags(const std::vector<TagInput>& inputs) {
  std::vector<Tag> tags;
  std::set<std::string> keys;
  for (const TagInput& each : inputs) {
    if (!keys.insert(each.tag.key).second) {
      return ecs_error("DuplicateTagKeys", "The tag key '{}' is given twice", each.tag.key);
    }
    tags.push_back(each.tag);
  }
  IK_TRY(check_elb_tags(tags));
  return tags;
}

Result<Outcome> add_tags(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<TagsInput>(call));
  IK_LET(added, read_tags(input.tags));
  return change_tags(call, state, input.resource_arns, [&](std::vector<Tag>& tags) {
    merge_tags(tags, added);
    return check_elb_tags(tags);
  });
}

Result<Outcome> remove_tags(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<TagsInput>(call));
  return change_tags(call, state, input.resource_arns, [&](std::vector<Tag>& tags) -> Result<void> {
    remove_tags(tags, input.tag_keys);
    return {};
  });
}

Result<Outcome> describe_tags(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<TagsInput>(call));
  if (input.resource_arns.empty() || input.resource_arns.size() > kMaxDescribed) {
    return validation_error("1 to {} resources must be specified", kMaxDescribed);
  }
  Json shown = Json::array();
  for (const std::string& arn : input.resource_arns) {
    Proposal unused;
    std::vector<Tag> found;
    const auto look = [&](std::vector<Tag>& tags) -> Result<void> {
      found = tags;
      return {};
    };
    IK_TRY(propose_tags(unused, call, state, arn, look));
    shown.push_back({{"ResourceArn", arn}, {"Tags", show_tags(found)}});
  }
  return answer(Json{{"TagDescriptions", std::move(shown)}});
}

}  // namespace ikada::elb
