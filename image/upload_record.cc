#include "image/upload_record.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxRecordBytes = size_t{32} << 10;
constexpr time_t kLongestLifeS = time_t{7} * 24 * 3600;

std::string directory_of(const std::string& root) { return root + "/images/uploads"; }

// What keep() has written whole; empty otherwise.
std::string read_url(int fd) {
  Result<std::string> text = read_fd(fd, kMaxRecordBytes);
  if (!text.has_value() || !text->ends_with('\n')) return {};
  text->pop_back();
  return std::move(*text);
}

}  // namespace

Result<UploadRecord> UploadRecord::open(const std::string& root,
                                        const Reference& target,
                                        const Digest& blob) {
  IK_TRY(make_directories(directory_of(root), 0700));
  const Digest key =
      Digest::of(fmt::format("{}/{}@{}", target.registry, target.repository, blob.text()));
  std::string path = directory_of(root) + "/" + std::string(key.hex());
  IK_LET(fd, open_file(path, O_RDWR | O_CREAT, 0600));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return UploadRecord(std::move(path), {}, {});
  std::string url = read_url(fd.get());
  return UploadRecord(std::move(path), std::move(fd), std::move(url));
}

void UploadRecord::keep(const std::string& url) const {
  if (!fd_ || url.size() >= kMaxRecordBytes) return;
  const std::string text = url + "\n";
  if (::ftruncate(fd_.get(), 0) != 0) return;
  if (::pwrite(fd_.get(), text.data(), text.size(), 0) < 0) return;
}

void UploadRecord::remove() const {
  if (fd_) ::unlink(path_.c_str());
}

Result<void> remove_stale_upload_records(const std::string& root) {
  const std::string directory = directory_of(root);
  Result<std::vector<std::string>> names = list_directory(directory);
  if (!names.has_value() && names.error().errno_value == ENOENT) return {};
  if (!names.has_value()) return names.error();
  const time_t oldest = ::time(nullptr) - kLongestLifeS;
  for (const std::string& name : *names) {
    const std::string path = fmt::format("{}/{}", directory, name);
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0 && status.st_mtime < oldest) ::unlink(path.c_str());
  }
  return {};
}

}  // namespace ikada
