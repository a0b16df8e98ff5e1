#include "cmd/ikada-runtime/commands.h"
#include "cmd/ikada-runtime/create_options.h"
#include "runtime/container/sealed_self.h"

namespace ikada {

Result<int> create_command(const RuntimeContext& context, Words words) {
  CreateArguments arguments;
  IK_LET(rest, parse_all(words, arguments.table()));
  IK_LET(id, single_id(rest));
  IK_TRY(seal_self(const_cast<char**>(context.arguments.data())));
  IK_LET(options, arguments.options(context, id));
  Result<ContainerState> state = create_container(options);
  if (!state.has_value()) return name_container(std::move(state.error()), id);
  return 0;
}

}  // namespace ikada
