#include "cmd/ikada/output_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;

}  // namespace

OutputFile::OutputFile(std::string path, std::string temporary, UniqueFd fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::move(other.fd_)),
      buffer_(std::move(other.buffer_)) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<OutputFile> OutputFile::create(const std::string& path) {
  if (path.empty()) {
    if (::isatty(STDOUT_FILENO) != 0) {
      return make_error(ErrorKind::kInvalid,
                        "cowardly refusing to save to a terminal: use -o or redirect");
    }
    return OutputFile("", "", UniqueFd());
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return make_error(ErrorKind::kInvalid, "{} is a directory", path);
  }
  // A device, a pipe or a link, /dev/stdout for one, is written to: nothing takes its place.
  if (::lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    IK_LET(fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0600));
    return OutputFile(path, "", std::move(fd));
  }
  std::string temporary = fmt::format("{}.{}", path, random_hex(8));
  IK_LET(fd, open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600));
  return OutputFile(path, std::move(temporary), std::move(fd));
}

Result<void> OutputFile::flush() {
  Result<void> written = write_all(fd_ ? fd_.get() : STDOUT_FILENO, buffer_);
  buffer_.clear();
  return std::move(written).context("{}", fd_ ? path_ : "stdout");
}

Result<void> OutputFile::write(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kBufferBytes ? Result<void>() : flush();
}

Result<void> OutputFile::finish() {
  IK_TRY(flush());
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return errno_error("rename {} to {}", temporary_, path_);
  }
  temporary_.clear();
  return {};
}

}  // namespace ikada
