#include "cluster/engine/layout.h"

#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {

Result<void> EngineLayout::prepare() const {
  constexpr mode_t kPrivate = 0700;
  // The last directory made on each side stands for all of them.
  if (::access(active().c_str(), F_OK) != 0) {
    for (const std::string& each : {containers(), names(), volumes(), active()}) {
      IK_TRY(make_directories(each, kPrivate));
    }
  }
  if (::access(sockets().c_str(), F_OK) != 0) {
    for (const std::string& each : {runtime_states(), network_state(), sockets()}) {
      IK_TRY(make_directories(each, kPrivate));
    }
  }
  return {};
}

}  // namespace ikada
