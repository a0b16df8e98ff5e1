#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "runtime/container/create.h"

namespace ikada {

Result<int> delete_command(const RuntimeContext& context, Words words) {
  bool force = false;
  const Option table[] = {{.name = "--force", .letter = "-f", .flag = &force}};
  IK_LET(arguments, parse_all(words, table));
  IK_LET(id, single_id(arguments));
  const Result<void> deleted = delete_container(context.state_root, id, force);
  // Forced, the wish is that there be no such container, and there is none.
  if (!deleted.has_value() && force && deleted.error().kind == ErrorKind::kNotFound) return 0;
  if (!deleted.has_value()) return deleted.error();
  return 0;
}

}  // namespace ikada
