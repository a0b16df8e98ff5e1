#include "cmd/ikada/context.h"

#include <stdio.h>

namespace ikada {

void Context::finish(const Result<void>& result, int status) {
  if (result.has_value()) return;
  report(result.error());
  exit_status = status;
}

void Context::report(const Error& error) const {
  ::fflush(stdout);
  ::fprintf(stderr, "ikada %s: %s\n", command.c_str(), printable(error.message).c_str());
}

}  // namespace ikada
