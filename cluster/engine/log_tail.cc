#include "cluster/engine/log_tail.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ikada {
namespace {

constexpr off_t kBlock = off_t{64} << 10;

// log_line.h: a time of 30 characters, a space, "stdout" or "stderr", a space, the tag.
constexpr off_t kTagOffset = 38;

Result<void> read_at(int fd, char* buffer, off_t size, off_t offset) {
  while (size > 0) {
    const ssize_t got = ::pread(fd, buffer, static_cast<size_t>(size), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read log");
    if (got == 0) return make_error(ErrorKind::kConflict, "the log was cut while it was read");
    buffer += got;
    size -= got;
    offset += got;
  }
  return {};
}

// Whether the record at `offset` ends a line.
Result<bool> ends_line(int fd, off_t offset, off_t size) {
  if (offset + kTagOffset >= size) return true;
  char tag = 'F';
  IK_TRY(read_at(fd, &tag, 1, offset + kTagOffset));
  return tag != 'P';
}

}  // namespace

Result<LogTail> find_log_tail(int fd, off_t size, std::uint64_t lines) {
  static thread_local std::array<char, kBlock> block;
  LogTail tail{.offset = size, .lines = 0};
  // Going backwards over the records' starts: a record that ends a line begins the line after it.
  off_t block_end = size;
  bool is_last_record = true;
  while (block_end > 0) {
    const off_t block_start = std::max<off_t>(0, block_end - kBlock);
    IK_TRY(read_at(fd, block.data(), block_end - block_start, block_start));
    for (off_t at = block_end - 1; at >= block_start; --at) {
      // A record begins at 0 and after each newline but the last of the file.
      const bool begins_after =
          block[static_cast<size_t>(at - block_start)] == '\n' && at + 1 < size;
      if (!begins_after && at != 0) continue;
      const off_t begin = begins_after ? at + 1 : 0;
      IK_LET(ends, ends_line(fd, begin, size));
      if (ends || is_last_record) {
        if (tail.lines == lines) return tail;
        ++tail.lines;
      }
      is_last_record = false;
      tail.offset = begin;
    }
    block_end = block_start;
  }
  return tail;
}

}  // namespace ikada
