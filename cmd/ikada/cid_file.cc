#include "cmd/ikada/cid_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {

Result<void> check_cid_file(const std::string& path) {
  if (path.empty() || ::access(path.c_str(), F_OK) != 0) return {};
  return make_error(ErrorKind::kConflict,
                    "container ID file found, make sure the other container isn't running or "
                    "delete {}",
                    path);
}

Result<void> write_cid_file(const std::string& path, const std::string& id) {
  if (path.empty()) return {};
  IK_LET(fd, open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
  Result<void> written = write_all(fd.get(), id);
  if (!written.has_value()) remove_cid_file(path);
  return std::move(written).context("{}", path);
}

void remove_cid_file(const std::string& path) {
  if (!path.empty()) ::unlink(path.c_str());
}

}  // namespace ikada
