#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "runtime/container/create.h"

namespace ikada {

Result<int> resume_command(const RuntimeContext& context, Words words) {
  IK_LET(arguments, parse_all(words, {}));
  IK_LET(id, single_id(arguments));
  IK_TRY(resume_container(context.state_root, id));
  return 0;
}

}  // namespace ikada
