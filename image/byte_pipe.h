// Bytes on their way from one thread to another, in a fixed set of buffers.
//
// One writer and one reader. The writer waits while all buffers are full, the reader while all are
// empty. Either side can give up: the writer by close() with an error, which the reader gets after
// the bytes before it; the reader by cancel(), after which the writer's bytes go nowhere.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// Of a tar stream between two threads.
inline constexpr size_t kTarChunkBytes = size_t{256} << 10;
inline constexpr size_t kTarChunks = 6;

class BytePipe {
 public:
  BytePipe(size_t chunk_bytes, size_t chunks);

  // Writer: the buffer to fill next. Empty if the reader has cancelled.
  std::span<char> begin_write();
  // Writer: hands over the first `size` bytes of it.
  void end_write(size_t size);
  // Writer: copies `bytes` through. False if the reader has cancelled.
  bool write(std::string_view bytes);
  // Writer: no more bytes; the reader sees the end or the error. Only the first call counts.
  void close(Result<void> how);

  // Reader: the next bytes, valid until the next call; empty at the end.
  Result<std::span<const char>> read();
  // Reader: wants no more.
  void cancel();

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  void hand_over(std::unique_lock<std::mutex>& lock, size_t size);

  const size_t chunk_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Chunk> ring_;
  size_t first_full_ = 0;  // Index of the oldest full chunk.
  size_t full_ = 0;        // How many are full, the one being read included.
  size_t partial_ = 0;     // Bytes that write() has put into the chunk after the full ones.
  bool reading_ = false;   // The reader holds the oldest full chunk.
  bool cancelled_ = false;
  std::optional<Result<void>> closed_;
};

}  // namespace ikada
