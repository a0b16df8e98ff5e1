#include <signal.h>

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "cmd/ikada-runtime/signal_name.h"
#include "runtime/container/create.h"

namespace ikada {

Result<int> kill_command(const RuntimeContext& context, Words words) {
  bool all = false;
  const Option table[] = {{.name = "--all", .letter = "-a", .flag = &all}};
  IK_LET(arguments, parse_all(words, table));
  if (arguments.empty() || arguments.size() > 2) {
    return make_error(ErrorKind::kInvalid, "expected a container id and perhaps a signal");
  }
  int signal = SIGTERM;
  if (arguments.size() == 2) {
    IK_LET(parsed, parse_signal_name(arguments[1]));
    signal = parsed;
  }
  IK_TRY(kill_container(context.state_root, arguments[0], signal, all));
  return 0;
}

}  // namespace ikada
