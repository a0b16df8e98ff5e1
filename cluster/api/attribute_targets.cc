#include "cluster/api/attribute_targets.h"

#include <algorithm>
#include <map>

#include "cluster/api/resolve.h"

namespace ikada {
namespace {

constexpr size_t kMaxGiven = 10;
constexpr std::ptrdiff_t kMaxCustom = 10;

Result<std::string> target_id_of(const Attribute& attribute) {
  const std::string type = attribute.target_type.value_or("container-instance");
  if (type != "container-instance") return invalid_parameter("Invalid targetType '{}'.", type);
  if (!attribute.target_id.has_value() || attribute.target_id->empty()) {
    return invalid_parameter("targetId can not be blank.");
  }
  return *attribute.target_id;
}

// Only who registers the instance says what these are.
Result<void> check_reserved(const std::string& name) {
  for (const char* prefix : {"ecs.", "com.amazonaws.ecs."}) {
    if (name.starts_with(prefix)) {
      return invalid_parameter(
          "Attribute names that begin with '{}' are reserved: '{}'.", prefix, name);
    }
  }
  return {};
}

}  // namespace

bool is_custom(const Attribute& attribute) {
  return !attribute.name.starts_with("ecs.") && !attribute.name.starts_with("com.amazonaws.");
}

void describe(JsonFields& fields, AttributesInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("attributes", input.attributes);
}

Result<Outcome> change_attributes(const ApiCall& call,
                                  const State& state,
                                  const AttributesInput& input,
                                  const ChangeAttribute& change) {
  if (input.attributes.empty() || input.attributes.size() > kMaxGiven) {
    return invalid_parameter("attributes must have between 1 and {} elements.", kMaxGiven);
  }
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  std::map<std::string, Kept<ContainerInstance>> changed;
  Json shown = Json::array();
  for (const Attribute& each : input.attributes) {
    IK_TRY(check_attribute(each));
    IK_TRY(check_reserved(each.name));
    IK_LET(target, target_id_of(each));
    const NamedInstance instance = find_instance(call, cluster, target);
    if (instance.state == nullptr) {
      return ecs_error(
          "TargetNotFoundException", "The specified target was not found: {}.", target);
    }
    Kept<ContainerInstance>& kept =
        changed.try_emplace(instance.id, instance.state->record).first->second;
    change(kept.value.attributes, each);
    const auto custom =
        std::count_if(kept.value.attributes.begin(), kept.value.attributes.end(), is_custom);
    if (custom > kMaxCustom) {
      return ecs_error("AttributeLimitExceededException",
                       "At most {} custom attributes are allowed on a container instance.",
                       kMaxCustom);
    }
    Attribute answer = each;
    answer.target_type = "container-instance";
    answer.target_id = container_instance_arn(call.scope, cluster.name, instance.id);
    shown.push_back(to_json(answer));
  }
  Proposal proposal;
  for (auto& [id, kept] : changed) {
    ++kept.value.version;
    proposal.put(instance_key(call.scope, cluster.name, id), kept.value, kept.revision);
  }
  proposal.then = [shown = std::move(shown)](const State&) { return Json{{"attributes", shown}}; };
  return propose(std::move(proposal));
}

}  // namespace ikada
