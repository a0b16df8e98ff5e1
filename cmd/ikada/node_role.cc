#include "cmd/ikada/node_role.h"

#include <stdio.h>

#include <chrono>
#include <optional>
#include <thread>

#include "cmd/ikada/cluster_daemon.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kLookAgain{300};
constexpr std::chrono::minutes kPatience{2};

std::optional<Json> node_of(const Json& answer, const std::string& id) {
  for (const Json& node : answer.value("nodes", Json::array())) {
    if (node.value("id", "") == id) return node;
  }
  return std::nullopt;
}

// True when it is what it was to be.
Result<bool> has_come(const Json& node, const std::string& role) {
  if (node.contains("wantedRole")) return false;
  const std::string error = node.value("roleError", "");
  if (node.value("role", "") != role && !error.empty()) {
    return make_error(ErrorKind::kUnavailable, "{}", error);
  }
  if (node.value("role", "") != role || node.value("state", "") != "connected") return false;
  // One that still learns does not count for a majority.
  return role != "manager" || node.value("etcd", "") == "reachable";
}

// This host itself, which cannot say of others any more.
bool has_become(const Context& context, const std::string& id, const std::string& role) {
  const Result<Json> status = ask_cluster(context, "GET", "/cluster");
  return status.has_value() && status->value("node", "") == id &&
         status->value("role", "") == role && role == "worker" && status->value("connected", false);
}

}  // namespace

Result<void> change_node_role(const Context& context,
                              const std::string& name,
                              const std::string& role) {
  IK_LET(decided,
         ask_cluster(context, "POST", "/cluster/nodes/" + name + "/role", {{"role", role}}));
  const std::string id = decided.value("node", "");
  std::string obstacle;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    // While leaders change nobody may answer.
    const Result<Json> answer = ask_cluster(context, "GET", "/cluster/nodes");
    const std::optional<Json> node = answer.has_value() ? node_of(*answer, id) : std::nullopt;
    bool is_done = !answer.has_value() && has_become(context, id, role);
    if (node.has_value()) {
      obstacle = node->value("roleError", "");
      IK_LET(has_it, has_come(*node, role));
      is_done = has_it;
    }
    if (is_done) {
      ::printf("%s\n", decided.value("name", "").c_str());
      return {};
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return make_error(
      ErrorKind::kUnavailable,
      "node {} is not a {} yet; it becomes one as soon as it and the managers can{}{}",
      name,
      role,
      obstacle.empty() ? "" : ": ",
      obstacle);
}

}  // namespace ikada
