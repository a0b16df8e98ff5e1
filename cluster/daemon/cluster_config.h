// What a manager is told about its cluster: /etc/ikada/cluster.yaml.
//
//   account_id: "123456789012"   # Twelve digits, in quotes if the first is a 0. 000000000000.
//   home_region: eu-central-1    # Where no signature names a region. us-east-1.
//   virtual_instances: true      # Instances registered through the API run any task in name only.
//   healthy_after_seconds: 40    # A service's task without health checks is healthy when it has
//                                # been RUNNING for so long. 40.
//   certificates: /etc/ikada/certificates
//                                # NAME.pem there, chain and key, is what HTTPS listeners name as
//                                # arn:aws:acm:REGION:ACCOUNT:certificate/NAME.
//   certificate_lifetime_seconds: 7776000
//                                # Of those that the cluster issues for listeners; 90 days.
//   node_certificate_lifetime_seconds: 7776000
//                                # Of hosts' own, which they renew by themselves; 90 days.
//   registry: registry.example.com:7440
//                                # What clients call the cluster's registry; the host and port
//                                # that they call the API by.
//   balancer_addresses: [192.0.2.16/28, 192.0.2.40-192.0.2.47]
//                                # Of these each load balancer gets one. Without them all have the
//                                # addresses of the managers' hosts.
//   balancer_interface: eth1     # Where they are put on this host; the one with its own address.
//   audit_log_full: refuse       # Or continue: whether to change anything that cannot be recorded.
//
//   task_roles:                  # What sessions of task roles may do (role_rights.h): nothing
//   else.
//     deployer: ["ecs:*"]
//
// The file is what makes a daemon a manager; an empty one will do.
#pragma once

#include <optional>
#include <string>

#include "cluster/api/api_call.h"

namespace ikada {

// Nothing if there is no such file. kInvalid for what is no map of known keys and values.
Result<std::optional<ApiOptions>> load_cluster_config(const std::string& path);

Result<ApiOptions> parse_cluster_config(const std::string& text);

}  // namespace ikada
