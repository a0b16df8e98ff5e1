#include "cluster/model/cluster.h"

#include <algorithm>

#include "cluster/model/ecs_error.h"

namespace ikada {
namespace {

constexpr std::int32_t kMaxWeight = 1000;
constexpr std::int32_t kMaxBase = 100'000;

Result<void> check_strategy(const Cluster& cluster) {
  for (const CapacityProviderStrategyItem& item : cluster.default_capacity_provider_strategy) {
    const auto& known = cluster.capacity_providers;
    if (std::find(known.begin(), known.end(), item.capacity_provider) == known.end()) {
      return invalid_parameter(
          "The specified capacity provider strategy cannot contain a capacity "
          "provider that is not associated with the cluster.");
    }
    const std::int32_t weight = item.weight.value_or(0);
    const std::int32_t base = item.base.value_or(0);
    if (weight < 0 || weight > kMaxWeight || base < 0 || base > kMaxBase) {
      return invalid_parameter("Invalid weight or base of the capacity provider '{}'.",
                               item.capacity_provider);
    }
  }
  return {};
}

}  // namespace

void describe(JsonFields& fields, ClusterSetting& setting) {
  fields.field("name", setting.name);
  fields.field("value", setting.value);
}

void describe(JsonFields& fields, ExecuteCommandLogConfiguration& log) {
  fields.field("cloudWatchLogGroupName", log.cloud_watch_log_group_name);
  fields.field("cloudWatchEncryptionEnabled", log.cloud_watch_encryption_enabled);
  fields.field("s3BucketName", log.s3_bucket_name);
  fields.field("s3EncryptionEnabled", log.s3_encryption_enabled);
  fields.field("s3KeyPrefix", log.s3_key_prefix);
}

void describe(JsonFields& fields, ExecuteCommandConfiguration& execute) {
  fields.field("kmsKeyId", execute.kms_key_id);
  fields.field("logging", execute.logging);
  fields.field("logConfiguration", execute.log_configuration);
}

void describe(JsonFields& fields, ManagedStorageConfiguration& storage) {
  fields.field("kmsKeyId", storage.kms_key_id);
  fields.field("fargateEphemeralStorageKmsKeyId", storage.fargate_ephemeral_storage_kms_key_id);
}

void describe(JsonFields& fields, ClusterConfiguration& configuration) {
  fields.field("executeCommandConfiguration", configuration.execute_command);
  fields.field("managedStorageConfiguration", configuration.managed_storage);
}

void describe(JsonFields& fields, CapacityProviderStrategyItem& item) {
  fields.required("capacityProvider", item.capacity_provider);
  fields.field("weight", item.weight);
  fields.field("base", item.base);
}

void describe(JsonFields& fields, ServiceConnectDefaults& defaults) {
  fields.required("namespace", defaults.service_namespace);
}

void describe(JsonFields& fields, Cluster& cluster) {
  fields.field("clusterName", cluster.name);
  fields.field("status", cluster.status);
  fields.field("settings", cluster.settings);
  fields.field("configuration", cluster.configuration);
  fields.field("capacityProviders", cluster.capacity_providers);
  fields.field("defaultCapacityProviderStrategy", cluster.default_capacity_provider_strategy);
  fields.field("serviceConnectDefaults", cluster.service_connect_defaults);
  fields.field("tags", cluster.tags);
}

Result<std::vector<ClusterSetting>> cluster_settings_with(
    const std::vector<ClusterSetting>& present, const std::vector<ClusterSetting>& given) {
  std::vector<ClusterSetting> settings = present;
  if (settings.empty()) settings.push_back({"containerInsights", "disabled"});
  for (const ClusterSetting& each : given) {
    if (each.name != "containerInsights") {
      return invalid_parameter("Invalid cluster setting '{}'.", each.name);
    }
    if (each.value != "enabled" && each.value != "disabled" && each.value != "enhanced") {
      return invalid_parameter(
          "Invalid value '{}' of the cluster setting '{}'.", each.value, each.name);
    }
    settings[0] = each;
  }
  return settings;
}

Result<void> check_cluster(const Cluster& cluster) {
  if (cluster.configuration.has_value() && cluster.configuration->execute_command.has_value()) {
    const std::string logging = cluster.configuration->execute_command->logging.value_or("DEFAULT");
    if (logging != "NONE" && logging != "DEFAULT" && logging != "OVERRIDE") {
      return invalid_parameter("Invalid logging mode '{}'.", logging);
    }
  }
  IK_TRY(check_strategy(cluster));
  return check_tags(cluster.tags);
}

}  // namespace ikada
