// The networks that every host has: bridge, host and none.
//
// Source: docker-network-ls(1), docker-network-inspect(1).
#pragma once

#include <string>
#include <vector>

#include "cluster/engine/layout.h"
#include "net/bridge.h"
#include "net/container_network.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct NetworkDescription {
  std::string id;  // 64 hexadecimal digits, the same on every host.
  std::string name;
  std::string driver;
};

const std::vector<NetworkDescription>& all_networks();

// By name, id or the beginning of an id. kNotFound in docker's words.
Result<NetworkDescription> find_network(const std::string& name_or_id);

// A row for table.h; `truncate` shortens the id.
Json network_row(const NetworkDescription& network, bool truncate);

// As `network inspect` prints it, with the containers that run on it.
Result<Json> describe_network(const NetworkDescription& network,
                              const EngineLayout& layout,
                              const BridgeConfig& bridge);

// Those for which every filter holds: name=PART, id=BEGINNING, driver=, scope=local, type=builtin.
// kInvalid for others.
Result<std::vector<NetworkDescription>> filter_networks(const std::vector<std::string>& filters);

}  // namespace ikada
