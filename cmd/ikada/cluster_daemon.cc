#include "cmd/ikada/cluster_daemon.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/daemon_client.h"
#include "runtime/base/text.h"
#include "runtime/base/unique_fd.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr int kHttpFirstError = 400;
constexpr size_t kMaxTokenBytes = 4096;

}  // namespace

Result<Json> ask_cluster(const Context& context,
                         const std::string& method,
                         const std::string& path,
                         const Json& body) {
  Result<DaemonAnswer> answer =
      ask_daemon(context.run_root + "/ikadad.sock",
                 {.method = method,
                  .target = path,
                  .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)});
  if (!answer.has_value() && answer.error().kind == ErrorKind::kNotFound) {
    Error error =
        make_error(ErrorKind::kUnavailable,
                   "ikadad does not run on this host: start it with systemctl start ikadad");
    error.code = std::string(kDaemonNotThere);
    return error;
  }
  if (!answer.has_value()) return std::move(answer.error());
  IK_LET(json, parse_json(answer->body, {.max_bytes = answer->body.size()}).context("ikadad"));
  if (answer->status < kHttpFirstError) return json;
  Error error = make_error(ErrorKind::kInvalid, "{}", json.value("error", "ikadad refuses"));
  error.code = json.value("code", "");
  return error;
}

Result<Json> find_cluster_node(const Context& context, const std::string& name) {
  IK_LET(answer, ask_cluster(context, "GET", "/cluster/nodes"));
  const Json* found = nullptr;
  for (const Json& node : answer["nodes"]) {
    const std::string id = node.value("id", "");
    if (id == name) return node;
    const bool is_meant = (!name.empty() && id.starts_with(name)) || node.value("name", "") == name;
    if (is_meant && found != nullptr) {
      return make_error(ErrorKind::kConflict, "{} stands for more than one node", name);
    }
    if (is_meant) found = &node;
  }
  if (found == nullptr) return make_error(ErrorKind::kNotFound, "no such node: {}", name);
  return *found;
}

Result<void> set_node_status(const Context& context, const std::string& name, const char* status) {
  IK_LET(node, find_cluster_node(context, name));
  if (!node.contains("instance")) {
    return make_error(ErrorKind::kConflict, "node {} runs no tasks", name);
  }
  IK_LET(json,
         ApiClient(context).call("UpdateContainerInstancesState",
                                 {{"cluster", node["cluster"]},
                                  {"containerInstances", {node["instance"]}},
                                  {"status", status}}));
  const Json failures = json.value("failures", Json::array());
  if (failures.empty()) return {};
  return make_error(ErrorKind::kConflict, "node {}: {}", name, failures[0].value("reason", ""));
}

Result<std::string> read_token(const std::string& path) {
  const UniqueFd fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open {}", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat {}", path);
  constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
  if (S_ISREG(status.st_mode) && path != "-" && (status.st_mode & kOthers) != 0) {
    return make_error(ErrorKind::kInvalid, "{}: others may read it: chmod 600 it", path);
  }
  IK_LET(text, read_fd(fd.get(), kMaxTokenBytes).context("read {}", path));
  return std::string(trim(cut(trim(text), '\n').before));
}

}  // namespace ikada
