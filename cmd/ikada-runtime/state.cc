#include "runtime/container/state.h"

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"

namespace ikada {

Result<int> state_command(const RuntimeContext& context, Words words) {
  IK_LET(arguments, parse_all(words, {}));
  IK_LET(id, single_id(arguments));
  IK_LET(state, load_state(context.state_root, id));
  Json json = oci_state(state, current_status(context.state_root, state));
  json["rootfs"] = state.rootfs;
  json["created"] = format_rfc3339(state.created);
  IK_TRY(print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  return 0;
}

}  // namespace ikada
