#include "cluster/engine/exec_process.h"

#include <fcntl.h>

#include "cluster/engine/available_capabilities.h"
#include "cluster/engine/image_files.h"
#include "cluster/engine/live_status.h"
#include "cluster/engine/user.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

Json merge_env(Json env, const std::vector<std::string>& additions) {
  for (const std::string& assignment : additions) {
    const std::string_view name = cut(assignment, '=').before;
    bool replaced = false;
    for (Json& each : env) {
      if (cut(each.get_ref<const std::string&>(), '=').before != name) continue;
      each = assignment;
      replaced = true;
    }
    if (!replaced) env.push_back(assignment);
  }
  return env;
}

Json plan_exec_capabilities(const ExecWish& wish, const Json& process, bool is_root) {
  Json bounding;
  if (wish.privileged) {
    bounding = find_available_capabilities();
  } else {
    bounding = process["capabilities"]["bounding"];
  }
  const Json granted = is_root ? bounding : Json::array();
  return {{"bounding", bounding},
          {"effective", granted},
          {"permitted", granted},
          {"inheritable", Json::array()},
          {"ambient", Json::array()}};
}

Result<void> plan_exec_user(Json& process,
                            const ExecWish& wish,
                            std::string_view passwd,
                            std::string_view group) {
  if (wish.user.empty()) return {};
  IK_LET(user, resolve_user(wish.user, {}, passwd, group));
  process["user"] = {{"uid", user.uid}, {"gid", user.gid}};
  if (!user.additional_gids.empty()) process["user"]["additionalGids"] = user.additional_gids;
  process["env"] = merge_env(process["env"], {"HOME=" + user.home});
  return {};
}

}  // namespace

Result<Json> plan_exec_process(const ExecWish& wish,
                               const Json& config,
                               std::string_view passwd,
                               std::string_view group) {
  Json process = config["process"];
  process["args"] = wish.args;
  process["terminal"] = wish.terminal;
  IK_TRY(plan_exec_user(process, wish, passwd, group));
  if (wish.terminal) process["env"] = merge_env(process["env"], {"TERM=xterm"});
  process["env"] = merge_env(process["env"], wish.env);
  if (!wish.working_dir.empty()) {
    if (wish.working_dir[0] != '/') {
      return make_error(ErrorKind::kInvalid, "Cwd must be an absolute path: {}", wish.working_dir);
    }
    process["cwd"] = wish.working_dir;
  }
  const bool is_root = process["user"]["uid"] == 0;
  process["capabilities"] = plan_exec_capabilities(wish, process, is_root);
  if (wish.privileged) process.erase("apparmorProfile");
  return process;
}

Result<Json> prepare_exec(const EngineLayout& layout,
                          const ContainerRecord& record,
                          const ExecWish& wish) {
  const LiveStatus status = live_status(layout, record.id);
  if (status.state == LiveState::kPaused) {
    return make_error(ErrorKind::kConflict,
                      "container {} is paused, unpause the container before exec",
                      record.name);
  }
  if (!status.is_running()) {
    return make_error(ErrorKind::kConflict, "container {} is not running", record.name);
  }
  const std::string path = layout.container_file(record.id, "config.json");
  IK_LET(text, read_file(path));
  IK_LET(config, parse_json(text).context("{}", path));
  std::string passwd;
  std::string group;
  if (!wish.user.empty()) {
    IK_LET(root, open_file(fmt::format("/proc/{}/root", status.pid), O_PATH | O_DIRECTORY));
    IK_LET(users, read_file_in_root(root.get(), "/etc/passwd", kMaxAccountFile));
    IK_LET(groups, read_file_in_root(root.get(), "/etc/group", kMaxAccountFile));
    passwd = std::move(users);
    group = std::move(groups);
  }
  return plan_exec_process(wish, config, passwd, group);
}

}  // namespace ikada
