#include "cluster/daemon/etcd_child.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "cluster/daemon/etcd_joining.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr int kEtcdChildArguments = 4;
constexpr int kCannotExecute = 126;

}  // namespace

bool is_etcd_child(int argc, const char* const* argv) {
  return argc >= kEtcdChildArguments && argv[1] == kEtcdChildVerb;
}

int run_etcd_child(int argc, char** argv) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return kCannotExecute;
  const auto parent = parse_signed(argv[2]);
  // It may have died before the signal was asked for.
  if (!parent.has_value() || ::getppid() != *parent) return kCannotExecute;
  std::vector<std::string> arguments = with_present_members({argv + 4, argv + argc});
  std::vector<char*> words = {argv[3]};
  for (std::string& each : arguments) words.push_back(each.data());
  words.push_back(nullptr);
  ::execv(argv[3], words.data());
  ::perror(argv[3]);
  return kCannotExecute;
}

}  // namespace ikada
