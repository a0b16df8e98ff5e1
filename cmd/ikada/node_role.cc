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

// A change that was decided, and what is known of it.
struct RoleChange {
  std::string own;  // This host's node.
  std::string id;
  std::string name;
  std::string role;
  bool was_seen = false;
  std::string obstacle = {};
};

// True when the node is what it was to be.
Result<bool> has_role(const Json& node, RoleChange& change) {
  const bool has_it = node.value("role", "") == change.role;
  change.obstacle = node.value("roleError", "");
  if (node.contains("wantedRole")) {
    change.was_seen = true;
    return false;
  }
  if (!has_it && !change.obstacle.empty()) {
    return make_error(ErrorKind::kUnavailable, "{}", change.obstacle);
  }
  if (!has_it && change.was_seen) {
    return make_error(
        ErrorKind::kConflict, "node {} is not to be a {} any more", change.name, change.role);
  }
  if (!has_it || node.value("state", "") != "connected") return false;
  // One that still learns does not count for a majority.
  return change.role != "manager" || node.value("etcd", "") == "reachable";
}

// A node that has gone is no manager: who wanted just that has it.
Result<bool> note_gone(const RoleChange& change) {
  if (change.role == "worker") return true;
  return make_error(ErrorKind::kNotFound,
                    "node {} is not in the cluster any more: it has left, or was removed",
                    change.name);
}

// As the managers say. With a remark it is what one of them knows.
Result<bool> has_come(const Json& answer, RoleChange& change) {
  const std::optional<Json> node = node_of(answer, change.id);
  if (node.has_value()) return has_role(*node, change);
  if (answer.contains("remark")) return false;
  return note_gone(change);
}

// As this host says of itself while no manager says anything: one that is none cannot say of others
// any more.
Result<bool> has_come_here(const Json& status, const RoleChange& change) {
  const bool is_member = status.contains("node");
  if (is_member && status.value("role", "") == "manager") return false;
  if (change.own == change.id && !is_member) return note_gone(change);
  if (change.own == change.id) return change.role == "worker" && status.value("connected", false);
  return make_error(ErrorKind::kUnavailable,
                    "this host is no manager any more: ask another one how far node {} is",
                    change.name);
}

// False also while nobody answers, because leaders change or a daemon starts anew.
Result<bool> look(const Context& context, RoleChange& change) {
  const Result<Json> answer = ask_cluster(context, "GET", "/cluster/nodes");
  if (answer.has_value()) return has_come(*answer, change);
  const Result<Json> status = ask_cluster(context, "GET", "/cluster");
  return status.has_value() ? has_come_here(*status, change) : Result<bool>(false);
}

}  // namespace

Result<void> change_node_role(const Context& context,
                              const std::string& name,
                              const std::string& role) {
  const Json status = ask_cluster(context, "GET", "/cluster").value_or(Json::object());
  IK_LET(decided,
         ask_cluster(context, "POST", "/cluster/nodes/" + name + "/role", {{"role", role}}));
  RoleChange change{.own = status.value("node", ""),
                    .id = decided.value("node", ""),
                    .name = decided.value("name", ""),
                    .role = role};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    IK_LET(is_done, look(context, change));
    if (is_done) {
      ::printf("%s\n", change.name.c_str());
      return {};
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return make_error(
      ErrorKind::kUnavailable,
      "node {} is not a {} yet; it becomes one as soon as it and the managers can{}{}",
      name,
      role,
      change.obstacle.empty() ? "" : ": ",
      change.obstacle);
}

}  // namespace ikada
