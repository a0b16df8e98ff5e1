// Where each record of the cluster stands in the store.
//
//   ecs/ACCOUNT/REGION/cluster/NAME                        Cluster
//   ecs/ACCOUNT/REGION/instance/CLUSTER/ID                 ContainerInstance
//   ecs/ACCOUNT/REGION/family/FAMILY                       Family
//   ecs/ACCOUNT/REGION/definition/FAMILY/REVISION          TaskDefinition; ten digits, to sort
//   ecs/ACCOUNT/REGION/task/CLUSTER/ID                     Task
//   ecs/ACCOUNT/REGION/token/CLUSTER/TOKEN                 RunToken
//   ecs/ACCOUNT/REGION/service/CLUSTER/NAME                Service
//   ecs/ACCOUNT/REGION/service-events/CLUSTER/NAME         ServiceEvents
//   ecs/ACCOUNT/REGION/service-history/CLUSTER/NAME        ServiceHistory
//   ecs/ACCOUNT/REGION/setting/PRINCIPAL/NAME              AccountSetting
//   ecs/ACCOUNT/REGION/node/ID                             Node; in the home region
//   ecs/ACCOUNT/REGION/grant/ROLE                          JoinGrant; in the home region
//   ecs/ACCOUNT/REGION/network/tasks                       ClusterNetwork; in the home region
//   ecs/ACCOUNT/REGION/balancer/NAME                       LoadBalancer
//   ecs/ACCOUNT/REGION/listener/BALANCER/ID                Listener
//   ecs/ACCOUNT/REGION/target-group/NAME                   TargetGroup
//   ecs/ACCOUNT/REGION/listener-port/PORT                  ListenerPort; in the home region
//   ecs/ACCOUNT/REGION/secret/NAME                         StoredSecret; '%' in place of '/'
//   ecs/ACCOUNT/REGION/log-group/NAME                      LogGroup; '%' in place of '/'
//   ecs/ACCOUNT/REGION/repository/NAME                     ImageRepository; likewise, as below
//   ecs/ACCOUNT/REGION/image/REPOSITORY/DIGEST             RepositoryImage; in the home region
//   ecs/ACCOUNT/REGION/image-tag/REPOSITORY/TAG            ImageTag; in the home region
//   ecs/ACCOUNT/REGION/certificate/ID                      ServerCertificate
//
// A value is the record's JSON. No name has a '/' in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/model/arn.h"

namespace ikada {

inline constexpr std::string_view kRecordPrefix = "ecs/";

enum class RecordKind {
  kCluster,
  kInstance,
  kFamily,
  kDefinition,
  kTask,
  kToken,
  kSetting,
  kNode,
  kGrant,
  kNetwork,
  kService,
  kServiceEvents,
  kBalancer,
  kListener,
  kTargetGroup,
  kListenerPort,
  kSecret,
  kLogGroup,
  kRepository,
  kImage,
  kImageTag,
  kServiceHistory,
  kCertificate,
};

struct RecordKey {
  RecordKind kind = RecordKind::kCluster;
  Scope scope = {};
  std::string first = {};  // The cluster, family, principal, balancer …
  // The id, revision, token, service or setting; empty for the kinds without one.
  std::string second = {};
};

std::string cluster_key(const Scope& scope, std::string_view cluster);
std::string instance_key(const Scope& scope, std::string_view cluster, std::string_view id);
std::string family_key(const Scope& scope, std::string_view family);
std::string definition_key(const Scope& scope, std::string_view family, std::int32_t revision);
std::string task_key(const Scope& scope, std::string_view cluster, std::string_view id);
std::string token_key(const Scope& scope, std::string_view cluster, std::string_view token);
std::string service_key(const Scope& scope, std::string_view cluster, std::string_view name);
std::string service_events_key(const Scope& scope, std::string_view cluster, std::string_view name);
std::string service_history_key(const Scope& scope,
                                std::string_view cluster,
                                std::string_view name);
std::string setting_key(const Scope& scope, std::string_view principal, std::string_view name);
std::string node_key(const Scope& scope, std::string_view id);
std::string grant_key(const Scope& scope, std::string_view role);
std::string network_key(const Scope& scope);
std::string balancer_key(const Scope& scope, std::string_view name);
std::string listener_key(const Scope& scope, std::string_view balancer, std::string_view id);
std::string target_group_key(const Scope& scope, std::string_view name);
std::string listener_port_key(const Scope& home, std::int32_t port);
// Of an address of the pool: whose it is, in a record like a port's.
std::string balancer_address_key(const Scope& home, std::string_view address);
std::string secret_key(const Scope& scope, std::string_view name);
std::string certificate_key(const Scope& scope, std::string_view id);
std::string log_group_key(const Scope& scope, std::string_view name);
std::string repository_key(const Scope& home, std::string_view name);
std::string image_key(const Scope& home, std::string_view repository, std::string_view digest);
std::string image_tag_key(const Scope& home, std::string_view repository, std::string_view tag);

// Nothing for a key that is none of these.
std::optional<RecordKey> parse_record_key(std::string_view key);

}  // namespace ikada
