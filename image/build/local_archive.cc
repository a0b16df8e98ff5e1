#include "image/build/local_archive.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <vector>

#include "image/decompressor.h"
#include "image/tar_reader.h"
#include "image/unpack.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kArchivePieceBytes = size_t{128} << 10;
constexpr size_t kHeadBytes = 512;

Result<std::string_view> read_piece(int fd, std::vector<char>& buffer) {
  while (true) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read");
    return std::string_view(buffer.data(), static_cast<size_t>(got));
  }
}

// Whether the first header makes sense, whatever it is packed in.
bool has_tar_header(int fd) {
  std::vector<char> packed(kArchivePieceBytes);
  std::vector<char> plain(kArchivePieceBytes);
  std::string_view input;
  Decompressor decompressor(Decompressor::Accepts::kArchives);
  Result<TarReader> reader = TarReader::create([&]() -> Result<std::span<const char>> {
    while (true) {
      if (input.empty()) {
        IK_LET(piece, read_piece(fd, packed));
        if (piece.empty()) return std::span<const char>();
        input = piece;
      }
      IK_LET(size, decompressor.decompress(input, plain));
      if (size > 0) return std::span<const char>(plain.data(), size);
    }
  });
  if (!reader.has_value()) return false;
  const auto entry = reader->next();
  return entry.has_value() && *entry != nullptr;
}

}  // namespace

Result<bool> is_archive(int fd) {
  std::array<char, kHeadBytes> head{};
  const ssize_t size = ::pread(fd, head.data(), head.size(), 0);
  if (size < 0) return errno_error("read");
  const std::string_view bytes(head.data(), static_cast<size_t>(size));
  const bool likely = bytes.starts_with("BZh") ||
                      bytes.starts_with(
                          "\xFD"
                          "7zXZ") ||
                      bytes.starts_with("\x1F\x8B") || bytes.starts_with("\x28\xB5\x2F\xFD") ||
                      (bytes.size() == kHeadBytes && bytes.substr(257, 5) == "ustar");
  if (!likely) return false;
  if (::lseek(fd, 0, SEEK_SET) != 0) return errno_error("seek");
  return has_tar_header(fd);
}

Result<void> unpack_archive(int fd, const std::string& directory) {
  IK_LET(root, open_file(directory, O_RDONLY | O_DIRECTORY));
  if (::fchmod(root.get(), 0755) != 0) return errno_error("chmod {}", directory);
  return unpack_blob(root.get(), fd, {.accepts = Decompressor::Accepts::kArchives}).map([](auto&&) {
  });
}

}  // namespace ikada
