#include "cluster/engine/program_paths.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>

namespace ikada {

Result<std::string> own_program() {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return errno_error("readlink /proc/self/exe");
  return std::string(path.data(), static_cast<size_t>(size));
}

Result<std::string> find_sibling_program(const std::string& name) {
  IK_LET(self, own_program());
  const std::string directory = self.substr(0, self.rfind('/'));
  for (const std::string& candidate : {fmt::format("{}/{}", directory, name),
                                       fmt::format("{}/../{}/{}", directory, name, name),
                                       "/usr/bin/" + name}) {
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return make_error(ErrorKind::kUnavailable, "{} is not beside {} or in /usr/bin", name, self);
}

Result<std::string> find_runtime_program() {
  if (const char* named = ::getenv("IKADA_RUNTIME"); named != nullptr && named[0] != '\0') {
    return std::string(named);
  }
  return find_sibling_program("ikada-runtime");
}

}  // namespace ikada
