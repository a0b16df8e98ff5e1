#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_name.h"
#include "cluster/api/elb/elb_tags.h"
#include "cluster/api/elb/elb_view.h"
#include "cluster/api/elb/target_group_input.h"

namespace ikada::elb {
namespace {

constexpr size_t kMostTargetGroups = 3000;
constexpr std::int32_t kLargestPort = 65'535;

struct CreateTargetGroupInput {
  TargetGroup group;
  std::optional<std::string> protocol_version;
  HealthCheckInput health_check;
  std::string ip_address_type = "ipv4";
  std::vector<TagInput> tags;
};

void describe(JsonFields& fields, CreateTargetGroupInput& input) {
  fields.required("Name", input.group.name);
  fields.field("Protocol", input.group.protocol);
  fields.field("ProtocolVersion", input.protocol_version);
  fields.field("Port", input.group.port);
  fields.field("VpcId", input.group.vpc_id);
  fields.field("TargetType", input.group.target_type);
  fields.field("IpAddressType", input.ip_address_type);
  fields.field("Tags", input.tags);
  describe(fields, input.health_check);
}

Result<void> check_group(const TargetGroup& group) {
  IK_TRY(check_elb_name("target group", group.name));
  const bool is_http = group.protocol == "HTTP" || group.protocol == "HTTPS";
  if (!is_http && !is_network_protocol(group.protocol)) {
    return validation_error(
        "Target groups of protocol '{}' are not supported: HTTP, HTTPS, TCP, UDP or TCP_UDP",
        group.protocol);
  }
  if (group.protocol_version != "HTTP1" && group.protocol_version != "HTTP2" &&
      group.protocol_version != "GRPC") {
    return validation_error("Protocol version '{}' must be HTTP1, HTTP2 or GRPC",
                            group.protocol_version);
  }
  if (group.target_type != "instance" && group.target_type != "ip") {
    return validation_error("Targets of type '{}' are not supported: instance or ip",
                            group.target_type);
  }
  if (group.port < 1 || group.port > kLargestPort) {
    return validation_error("A port between 1 and {} must be specified", kLargestPort);
  }
  return {};
}

Result<TargetGroup> read_group(const ApiCall& call) {
  IK_LET(input, parse_input<CreateTargetGroupInput>(call));
  TargetGroup group = std::move(input.group);
  if (input.protocol_version.has_value()) group.protocol_version = *input.protocol_version;
  IK_TRY(check_group(group));
  if (is_network_protocol(group.protocol)) {
    if (input.protocol_version.has_value()) {
      return validation_error("Protocol versions are for target groups of HTTP and HTTPS");
    }
    // As AWS checks targets of network load balancers.
    const bool is_http_check = input.health_check.protocol.value_or("TCP") != "TCP";
    group.health_check.protocol = "TCP";
    group.health_check.timeout_seconds = is_http_check ? 6 : 10;
    group.health_check.matcher = "200-399";
  }
  if (input.ip_address_type != "ipv4") {
    return ecs_error("InvalidConfigurationRequest",
                     "The IP address type '{}' is not supported: only 'ipv4' is",
                     input.ip_address_type);
  }
  if (group.protocol_version == "GRPC") {
    group.health_check.matcher = "12";
    group.health_check.path = "/AWS.ALB/healthcheck";
  }
  IK_TRY(set_health_check(group, input.health_check));
  IK_LET(tags, read_tags(input.tags));
  group.tags = std::move(tags);
  return group;
}

bool is_same_group(const TargetGroup& a, const TargetGroup& b) {
  return a.protocol == b.protocol && a.protocol_version == b.protocol_version && a.port == b.port &&
         a.vpc_id == b.vpc_id && a.target_type == b.target_type &&
         to_json(a.health_check) == to_json(b.health_check);
}

}  // namespace

Result<Outcome> create_target_group(const ApiCall& call, const State& state) {
  IK_LET(group, read_group(call));
  const auto& present = state.scope(call.scope).target_groups;
  const auto show = [scope = call.scope, name = group.name](const State& after) {
    return answer_group(after, scope, name);
  };
  const auto found = present.find(group.name);
  if (found != present.end()) {
    if (is_same_group(found->second.value, group)) return answer(show(state));
    return ecs_error("DuplicateTargetGroupName",
                     "A target group with the same name '{}' exists, but with different settings",
                     group.name);
  }
  if (present.size() >= kMostTargetGroups) {
    return ecs_error(
        "TooManyTargetGroups", "There are {} target groups already", kMostTargetGroups);
  }
  group.id = make_id(call);
  group.created_at = call.now;
  Proposal proposal{.then = show};
  proposal.put(target_group_key(call.scope, group.name), group, 0);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
