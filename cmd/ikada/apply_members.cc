#include "cmd/ikada/apply_members.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace ikada {
namespace {

constexpr std::string_view kDefinitionMembers[] = {
    "containerDefinitions",
    "cpu",
    "enableFaultInjection",
    "ephemeralStorage",
    "executionRoleArn",
    "family",
    "inferenceAccelerators",
    "ipcMode",
    "memory",
    "networkMode",
    "pidMode",
    "placementConstraints",
    "proxyConfiguration",
    "requiresCompatibilities",
    "runtimePlatform",
    "tags",
    "taskRoleArn",
    "volumes",
};

constexpr std::string_view kContainerMembers[] = {
    "command",
    "cpu",
    "credentialSpecs",
    "dependsOn",
    "disableNetworking",
    "dnsSearchDomains",
    "dnsServers",
    "dockerLabels",
    "dockerSecurityOptions",
    "entryPoint",
    "environment",
    "environmentFiles",
    "essential",
    "extraHosts",
    "firelensConfiguration",
    "healthCheck",
    "hostname",
    "image",
    "interactive",
    "links",
    "linuxParameters",
    "logConfiguration",
    "memory",
    "memoryReservation",
    "mountPoints",
    "name",
    "portMappings",
    "privileged",
    "pseudoTerminal",
    "readonlyRootFilesystem",
    "repositoryCredentials",
    "resourceRequirements",
    "restartPolicy",
    "secrets",
    "startTimeout",
    "stopTimeout",
    "systemControls",
    "ulimits",
    "user",
    "versionConsistency",
    "volumesFrom",
    "workingDirectory",
};

constexpr std::string_view kGroupMembers[] = {
    "attributes",
    "healthCheckEnabled",
    "healthCheckIntervalSeconds",
    "healthCheckPath",
    "healthCheckPort",
    "healthCheckProtocol",
    "healthCheckTimeoutSeconds",
    "healthyThresholdCount",
    "ipAddressType",
    "matcher",
    "name",
    "port",
    "protocol",
    "protocolVersion",
    "tags",
    "targetType",
    "unhealthyThresholdCount",
    "vpcId",
};

constexpr std::string_view kBalancerMembers[] = {
    "attributes",
    "ipAddressType",
    "listeners",
    "name",
    "scheme",
    "securityGroups",
    "subnetMappings",
    "subnets",
    "tags",
    "type",
};

constexpr std::string_view kListenerMembers[] = {
    "alpnPolicy",
    "certificates",
    "defaultActions",
    "forward",
    "port",
    "protocol",
    "rules",
    "sslPolicy",
    "tags",
};

constexpr std::string_view kRuleMembers[] = {
    "actions",
    "conditions",
    "forward",
    "priority",
    "tags",
};

constexpr std::string_view kServiceMembers[] = {
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "clientToken",
    "deploymentConfiguration",
    "deploymentController",
    "desiredCount",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "platformVersion",
    "propagateTags",
    "role",
    "schedulingStrategy",
    "serviceConnectConfiguration",
    "serviceName",
    "serviceRegistries",
    "tags",
    "taskDefinition",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
};

std::span<const std::string_view> members_of(WishKind kind) {
  switch (kind) {
    case WishKind::kDefinition:
      return kDefinitionMembers;
    case WishKind::kContainer:
      return kContainerMembers;
    case WishKind::kGroup:
      return kGroupMembers;
    case WishKind::kBalancer:
      return kBalancerMembers;
    case WishKind::kListener:
      return kListenerMembers;
    case WishKind::kRule:
      return kRuleMembers;
    case WishKind::kService:
      return kServiceMembers;
  }
  return {};
}

}  // namespace

Result<void> check_members(WishKind kind, const Json& wish) {
  if (!wish.is_object()) return make_error(ErrorKind::kInvalid, "expected a map");
  const std::span<const std::string_view> known = members_of(kind);
  for (const auto& [name, value] : wish.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return make_error(ErrorKind::kInvalid, "unknown member {}", name);
  }
  return {};
}

}  // namespace ikada
