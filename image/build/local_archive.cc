#include "image/build/local_archive.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <string_view>

#include "image/plain_archive.h"
#include "image/unpack.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kBlockBytes = 512;
constexpr size_t kSumOffset = 148;
constexpr size_t kSumBytes = 8;

// Whether the sum of its bytes is the one it gives: tar(5), "checksum".
bool is_tar_header(std::string_view block) {
  if (block.size() != kBlockBytes) return false;
  std::uint64_t given = 0;
  for (const char digit : block.substr(kSumOffset, kSumBytes)) {
    if (digit >= '0' && digit <= '7') given = 8 * given + static_cast<std::uint64_t>(digit - '0');
  }
  std::uint64_t sum = kSumBytes * std::uint64_t{' '};
  for (size_t i = 0; i < block.size(); ++i) {
    const bool is_of_sum = i >= kSumOffset && i < kSumOffset + kSumBytes;
    if (!is_of_sum) sum += static_cast<unsigned char>(block[i]);
  }
  return sum == given;
}

}  // namespace

Result<bool> is_archive(int fd, const std::string& scratch) {
  const Result<std::string> head = read_plain_head(scratch, fd, kBlockBytes);
  // What only looks packed is a file like any other.
  if (!head.has_value() && head.error().kind == ErrorKind::kInvalid) return false;
  if (!head.has_value()) return head.error();
  return is_tar_header(*head);
}

Result<void> unpack_archive(int fd, const std::string& directory) {
  IK_LET(root, open_file(directory, O_RDONLY | O_DIRECTORY));
  if (::fchmod(root.get(), 0755) != 0) return errno_error("chmod {}", directory);
  return unpack_blob(root.get(), fd, {.accepts = Decompressor::Accepts::kArchives}).map([](auto&&) {
  });
}

}  // namespace ikada
