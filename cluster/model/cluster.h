// A cluster's record. What is counted (instances, tasks, services) is not in it.
//
// Source: Amazon ECS API Reference, Cluster, CreateCluster.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/model/container_definition.h"
#include "cluster/model/tag.h"

namespace ikada {

struct ClusterSetting {
  std::string name = {};
  std::string value = {};
};
void describe(JsonFields& fields, ClusterSetting& setting);

struct ExecuteCommandLogConfiguration {
  std::optional<std::string> cloud_watch_log_group_name = {};
  std::optional<bool> cloud_watch_encryption_enabled = {};
  std::optional<std::string> s3_bucket_name = {};
  std::optional<bool> s3_encryption_enabled = {};
  std::optional<std::string> s3_key_prefix = {};
};
void describe(JsonFields& fields, ExecuteCommandLogConfiguration& log);

struct ExecuteCommandConfiguration {
  std::optional<std::string> kms_key_id = {};
  std::optional<std::string> logging = {};
  std::optional<ExecuteCommandLogConfiguration> log_configuration = {};
};
void describe(JsonFields& fields, ExecuteCommandConfiguration& execute);

struct ManagedStorageConfiguration {
  std::optional<std::string> kms_key_id = {};
  std::optional<std::string> fargate_ephemeral_storage_kms_key_id = {};
};
void describe(JsonFields& fields, ManagedStorageConfiguration& storage);

struct ClusterConfiguration {
  std::optional<ExecuteCommandConfiguration> execute_command = {};
  std::optional<ManagedStorageConfiguration> managed_storage = {};
};
void describe(JsonFields& fields, ClusterConfiguration& configuration);

struct CapacityProviderStrategyItem {
  std::string capacity_provider = {};
  std::optional<std::int32_t> weight = {};
  std::optional<std::int32_t> base = {};
};
void describe(JsonFields& fields, CapacityProviderStrategyItem& item);

struct ServiceConnectDefaults {
  std::string service_namespace = {};
};
void describe(JsonFields& fields, ServiceConnectDefaults& defaults);

struct Cluster {
  std::string name = {};
  std::string status = "ACTIVE";  // ACTIVE or INACTIVE.
  std::vector<ClusterSetting> settings = {};
  std::optional<ClusterConfiguration> configuration = {};
  std::vector<std::string> capacity_providers = {};
  std::vector<CapacityProviderStrategyItem> default_capacity_provider_strategy = {};
  std::optional<ServiceConnectDefaults> service_connect_defaults = {};
  std::vector<Tag> tags = {};
};
void describe(JsonFields& fields, Cluster& cluster);

// The settings a new cluster has, with `given` in place of their own; InvalidParameterException for
// one that is not known.
Result<std::vector<ClusterSetting>> cluster_settings_with(
    const std::vector<ClusterSetting>& present, const std::vector<ClusterSetting>& given);

// InvalidParameterException for a logging mode or a strategy that ECS does not know.
Result<void> check_cluster(const Cluster& cluster);

}  // namespace ikada
