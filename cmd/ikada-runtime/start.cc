#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "runtime/container/create.h"

namespace ikada {

Result<int> start_command(const RuntimeContext& context, Words words) {
  IK_LET(arguments, parse_all(words, {}));
  IK_LET(id, single_id(arguments));
  Result<void> started = start_container(context.state_root, id);
  if (!started.has_value()) return name_container(std::move(started.error()), id);
  return 0;
}

}  // namespace ikada
