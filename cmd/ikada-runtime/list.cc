#include <algorithm>

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "runtime/container/state.h"

namespace ikada {
namespace {

Json describe(const RuntimeContext& context, const ContainerState& state) {
  Json json = oci_state(state, current_status(context.state_root, state));
  if (!json.contains("pid")) json["pid"] = 0;
  json["rootfs"] = state.rootfs;
  json["created"] = format_rfc3339(state.created);
  return json;
}

std::string table_of(const Json& containers) {
  std::string text = "ID                                STATUS    PID      BUNDLE\n";
  for (const Json& each : containers) {
    text += fmt::format("{:<33} {:<9} {:<8} {}\n",
                        each["id"].get_ref<const std::string&>(),
                        each["status"].get_ref<const std::string&>(),
                        each["pid"].get<pid_t>(),
                        each["bundle"].get_ref<const std::string&>());
  }
  return text;
}

}  // namespace

Result<int> list_command(const RuntimeContext& context, Words words) {
  std::string format = "table";
  bool quiet = false;
  const Option table[] = {{.name = "--format", .letter = "-f", .value = &format},
                          {.name = "--quiet", .letter = "-q", .flag = &quiet}};
  IK_LET(arguments, parse_all(words, table));
  if (!arguments.empty()) return make_error(ErrorKind::kInvalid, "expected no arguments");
  if (format != "table" && format != "json") {
    return make_error(ErrorKind::kInvalid, "--format: expected table or json");
  }
  IK_LET(ids, list_states(context.state_root));
  std::sort(ids.begin(), ids.end());
  Json containers = Json::array();
  std::string names;
  for (const std::string& id : ids) {
    const Result<ContainerState> state = load_state(context.state_root, id);
    // It may have been deleted since.
    if (!state.has_value()) continue;
    containers.push_back(describe(context, *state));
    names += id + "\n";
  }
  if (quiet) {
    IK_TRY(print(names));
  } else if (format == "json") {
    IK_TRY(print(containers.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"));
  } else {
    IK_TRY(print(table_of(containers)));
  }
  return 0;
}

}  // namespace ikada
