#include "image/plain_archive.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "image/archive_child.h"
#include "image/confined_process.h"
#include "image/decompressor.h"
#include "image/unpack_channel.h"
#include "runtime/base/random_id.h"
#include "runtime/base/rollback.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

Result<std::string> read_head(int fd, size_t size_bytes) {
  std::string head(size_bytes, '\0');
  const ssize_t got = ::pread(fd, head.data(), head.size(), 0);
  if (got < 0) return errno_error("read");
  head.resize(static_cast<size_t>(got));
  return head;
}

bool is_regular(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// A description of its own, which begins at the start.
Result<UniqueFd> open_again(int fd) {
  return open_file(fmt::format("/proc/self/fd/{}", fd), O_RDONLY);
}

// Has the input unpacked into `place`/plain, up to `wanted_bytes`.
Result<void> run_unpacker(int place, int input, std::uint64_t max_bytes, size_t wanted_bytes) {
  IK_LET(child,
         ConfinedProcess::start({.arguments = {std::string(kPlainVerb),
                                               std::to_string(max_bytes),
                                               std::to_string(wanted_bytes)},
                                 .fds = {{place, kArchiveDirectoryFd}, {input, kArchiveInputFd}},
                                 .channel_fd = kArchiveChannelFd}));
  IK_LET(message, child.receive(true));
  if (!message.has_value() || message->text.empty()) return child.death();
  child.kill();
  if (message->text == "end") return {};
  return parse_unpack_report(message->text).error();
}

Result<UniqueFd> unpack_to_file(const std::string& directory,
                                int input,
                                std::uint64_t max_bytes,
                                size_t wanted_bytes) {
  const std::string path = directory + "/plain-" + random_hex(8);
  Rollback cleanup;
  cleanup.add([&] { return remove_tree(path); });
  IK_TRY(make_directories(path, 0700));
  IK_LET(place, open_file(path, O_RDONLY | O_DIRECTORY));
  IK_TRY(run_unpacker(place.get(), input, max_bytes, wanted_bytes));
  IK_LET(file, open_file_at(place.get(), kPlainName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (is_regular(file.get())) return file;
  return make_error(ErrorKind::kInternal, "the process that unpacks the archive made no file");
}

}  // namespace

Result<UniqueFd> open_plain(const std::string& directory, int input, std::uint64_t max_bytes) {
  if (!is_regular(input)) return unpack_to_file(directory, input, max_bytes, 0);
  IK_LET(file, open_again(input));
  IK_LET(head, read_head(file.get(), kMagicBytes));
  if (!is_packed(head)) return file;
  return unpack_to_file(directory, file.get(), max_bytes, 0);
}

Result<std::string> read_plain_head(const std::string& directory, int input, size_t size_bytes) {
  IK_LET(file, open_again(input));
  IK_LET(head, read_head(file.get(), size_bytes));
  if (!is_packed(head)) return head;
  IK_LET(plain, unpack_to_file(directory, file.get(), size_bytes, size_bytes));
  return read_head(plain.get(), size_bytes);
}

}  // namespace ikada
