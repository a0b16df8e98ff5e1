// What commands about the cluster ask of this host's daemon (cluster/daemon/cluster_routes.h).
#pragma once

#include <string>
#include <string_view>

#include "cmd/ikada/context.h"
#include "runtime/base/json.h"

namespace ikada {

// Of errors: no daemon runs, or it starts anew; what the host is changes just now.
inline constexpr std::string_view kDaemonNotThere = "DAEMON_NOT_THERE";
inline constexpr std::string_view kHostChanges = "HOST_CHANGES";

// The daemon's answer; its refusal as an error. kUnavailable if no daemon runs.
Result<Json> ask_cluster(const Context& context,
                         const std::string& method,
                         const std::string& path,
                         const Json& body = Json::object());

// The node of GET /cluster/nodes that is named by its id, the beginning of it, or its name.
Result<Json> find_cluster_node(const Context& context, const std::string& name);

// Sets the status of the node's container instance: ACTIVE or DRAINING.
Result<void> set_node_status(const Context& context, const std::string& name, const char* status);

// The first line of a file, or of standard input for "-". kInvalid for a file that others than its
// owner may read.
Result<std::string> read_token(const std::string& path);

}  // namespace ikada
