#include "runtime/monitor/exit_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kReservedBytes = 512;

std::string reserved_path(const std::string& path) { return path + ".reserved"; }

Result<void> write_over_reserve(const std::string& path, std::string text, Durability durability) {
  const std::string reserved = reserved_path(path);
  IK_LET(fd, open_file(reserved, O_WRONLY));
  text.resize(std::max(text.size(), kReservedBytes - 1), ' ');
  text += '\n';
  IK_TRY(write_all(fd.get(), text).context("{}", reserved));
  const bool durable = durability == Durability::kDurable;
  if (durable && ::fsync(fd.get()) != 0) return errno_error("fsync {}", reserved);
  if (::rename(reserved.c_str(), path.c_str()) != 0) return errno_error("rename {}", reserved);
  return durable ? sync_directory(path.substr(0, path.rfind('/') + 1)) : Result<void>();
}

}  // namespace

Result<void> reserve_exit_record(const std::string& path) {
  const std::string reserved = reserved_path(path);
  IK_LET(fd, open_file(reserved, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return write_all(fd.get(), std::string(kReservedBytes, ' ')).context("{}", reserved);
}

Result<void> write_exit_record(const std::string& path,
                               const ExitRecord& record,
                               Durability durability) {
  const std::string text = to_json(record).dump();
  if (write_over_reserve(path, text, durability).has_value()) return {};
  return write_file_atomically(path, text + "\n", 0600, durability);
}

}  // namespace ikada
