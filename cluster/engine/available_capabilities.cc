#include "cluster/engine/available_capabilities.h"

#include <sys/prctl.h>

#include "runtime/security/default_profile.h"

namespace ikada {

std::vector<std::string> find_available_capabilities() {
  std::vector<std::string> found;
  int number = 0;
  for (const std::string_view name : all_capabilities()) {
    if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) found.emplace_back(name);
    ++number;
  }
  return found;
}

}  // namespace ikada
