#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/show.h"
#include "cluster/model/names.h"
#include "cluster/model/task_definition_record.h"

namespace ikada {
namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kMaxResources = 32;
constexpr size_t kMaxRegisteredAttributes = 200;
constexpr std::int32_t kMaxAmount = 1 << 30;

struct RegisterContainerInstanceInput {
  std::string cluster;
  std::string identity_document;
  std::vector<Resource> total_resources;
  VersionInfo version_info;
  std::string container_instance_arn;
  std::vector<Attribute> attributes;
  std::vector<Tag> tags;
};

void describe(JsonFields& fields, RegisterContainerInstanceInput& input) {
  fields.field("cluster", input.cluster);
  fields.field("instanceIdentityDocument", input.identity_document);
  fields.field("totalResources", input.total_resources);
  fields.field("versionInfo", input.version_info);
  fields.field("containerInstanceArn", input.container_instance_arn);
  fields.field("attributes", input.attributes);
  fields.field("tags", input.tags);
}

// What EC2 says of an instance; other hosts may say the same of themselves.
struct IdentityDocument {
  std::optional<std::string> instance_id;
  std::optional<std::string> availability_zone;
  std::optional<std::string> instance_type;
};

void describe(JsonFields& fields, IdentityDocument& document) {
  fields.field("instanceId", document.instance_id);
  fields.field("availabilityZone", document.availability_zone);
  fields.field("instanceType", document.instance_type);
}

Result<IdentityDocument> parse_document(const std::string& text) {
  if (text.empty()) return IdentityDocument{};
  const Result<Json> json = parse_json(text);
  if (!json.has_value()) return invalid_parameter("Invalid instance identity document.");
  Result<IdentityDocument> document = from_json<IdentityDocument>(*json, "document");
  if (!document.has_value()) return invalid_parameter("Invalid instance identity document.");
  return document;
}

Result<void> check_resources(const std::vector<Resource>& resources) {
  if (resources.size() > kMaxResources) return invalid_parameter("Too many resources.");
  for (const Resource& each : resources) {
    const bool is_counted = each.name == "CPU" || each.name == "MEMORY";
    const std::int32_t amount = each.integer_value.value_or(0);
    if (is_counted && (each.type != "INTEGER" || amount < 0 || amount > kMaxAmount)) {
      return invalid_parameter("Invalid resource '{}'.", each.name);
    }
    const bool is_set = each.name == "PORTS" || each.name == "PORTS_UDP" || each.name == "GPU";
    if (is_set && each.type != "STRINGSET") {
      return invalid_parameter("Invalid resource '{}'.", each.name);
    }
  }
  return {};
}

Result<void> check_registration(const RegisterContainerInstanceInput& input) {
  IK_TRY(check_resources(input.total_resources));
  if (input.attributes.size() > kMaxRegisteredAttributes) {
    return invalid_parameter("Too many attributes.");
  }
  for (const Attribute& each : input.attributes) IK_TRY(check_attribute(each));
  return check_tags(input.tags);
}

void put_default(std::vector<Attribute>& attributes,
                 const char* name,
                 const std::optional<std::string>& value) {
  if (!value.has_value() || find_attribute(attributes, name) != nullptr) return;
  attributes.push_back({.name = name, .value = value});
}

// Registers anew, or again under the ARN that is given.
ContainerInstance make_record(const RegisterContainerInstanceInput& input,
                              const IdentityDocument& document,
                              const ApiCall& call) {
  ContainerInstance instance{.version_info = input.version_info,
                             .registered_resources = input.total_resources,
                             .registered_at = call.now,
                             .tags = input.tags};
  instance.ec2_instance_id = document.instance_id;
  instance.is_virtual = call.options.virtual_instances;
  // Nobody speaks for an instance that is neither virtual nor has an agent's stream.
  instance.agent_connected = instance.is_virtual;
  for (const Attribute& each : input.attributes) put_attribute(instance.attributes, each);
  put_default(instance.attributes, "ecs.availability-zone", document.availability_zone);
  put_default(instance.attributes, "ecs.instance-type", document.instance_type);
  put_default(instance.attributes, "ecs.os-type", "linux");
  if (!instance.is_virtual) return instance;
  for (const std::string& name : all_capabilities()) put_attribute(instance.attributes, {name});
  return instance;
}

// The cluster, and if it is the default one and not there, the proposal to make it.
Result<std::string> name_cluster(const ApiCall& call,
                                 const State& state,
                                 const std::string& text,
                                 Proposal& proposal) {
  const Result<NamedCluster> named = resolve_cluster(call, state, text);
  if (named.has_value()) {
    proposal.guard(cluster_key(call.scope, named->name), named->state->record.revision);
    return named->name;
  }
  const bool is_default = cluster_name_of(text, call.scope) == "default";
  if (!is_default || named.error().code != "ClusterNotFoundException") return named.error();
  IK_LET(settings, cluster_settings_with({}, {}));
  Cluster cluster{.name = "default", .settings = std::move(settings)};
  proposal.put(cluster_key(call.scope, "default"), cluster, 0);
  return std::string("default");
}

}  // namespace

Result<Outcome> register_container_instance(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<RegisterContainerInstanceInput>(call));
  IK_TRY(check_registration(input));
  IK_LET(document, parse_document(input.identity_document));
  Proposal proposal;
  IK_LET(cluster, name_cluster(call, state, input.cluster, proposal));

  ContainerInstance instance = make_record(input, document, call);
  instance.cluster = cluster;
  std::int64_t present = 0;
  if (input.container_instance_arn.empty()) {
    instance.id = call.random_hex(kIdBytes);
  } else {
    const auto id = id_of(input.container_instance_arn, "container-instance", call.scope, cluster);
    if (!id.has_value() || !is_resource_id(*id)) {
      return invalid_parameter("Invalid containerInstanceArn.");
    }
    instance.id = *id;
    const ClusterState* clusters = state.scope(call.scope).find_cluster(cluster);
    const NamedInstance old = clusters == nullptr
                                  ? NamedInstance{}
                                  : find_instance(call, {cluster, clusters}, instance.id);
    if (old.state != nullptr) {
      present = old.state->record.revision;
      instance.version = old.state->record.value.version + 1;
      instance.status = old.state->record.value.status;
    }
  }
  proposal.put(instance_key(call.scope, cluster, instance.id), instance, present);
  proposal.then = [scope = call.scope, cluster, id = instance.id](const State& after) {
    return Json{{"containerInstance", show_instance(after, scope, cluster, id, true)}};
  };
  return propose(std::move(proposal));
}

}  // namespace ikada
