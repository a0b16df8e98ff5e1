#include "cluster/daemon/etcd_child.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr int kEtcdChildArguments = 4;
constexpr int kCannotExecute = 126;

}  // namespace

bool is_etcd_child(int argc, const char* const* argv) {
  return argc >= kEtcdChildArguments && argv[1] == kEtcdChildVerb;
}

int run_etcd_child(int /*argc*/, char** argv) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return kCannotExecute;
  const auto parent = parse_signed(argv[2]);
  // It may have died before the signal was asked for.
  if (!parent.has_value() || ::getppid() != *parent) return kCannotExecute;
  ::execv(argv[3], argv + 3);
  ::perror(argv[3]);
  return kCannotExecute;
}

}  // namespace ikada
