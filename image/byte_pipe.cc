#include "image/byte_pipe.h"

#include <algorithm>
#include <cstring>

namespace ikada {

BytePipe::BytePipe(size_t chunk_bytes, size_t chunks) : chunk_bytes_(chunk_bytes), ring_(chunks) {
  for (Chunk& chunk : ring_) {
    chunk.bytes = std::make_unique_for_overwrite<char[]>(chunk_bytes);
  }
}

std::span<char> BytePipe::begin_write() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return cancelled_ || full_ < ring_.size(); });
  if (cancelled_) return {};
  const Chunk& chunk = ring_[(first_full_ + full_) % ring_.size()];
  return {chunk.bytes.get() + partial_, chunk_bytes_ - partial_};
}

void BytePipe::hand_over(std::unique_lock<std::mutex>& lock, size_t size) {
  ring_[(first_full_ + full_) % ring_.size()].size = size;
  ++full_;
  partial_ = 0;
  lock.unlock();
  changed_.notify_all();
}

void BytePipe::end_write(size_t size) {
  std::unique_lock lock(mutex_);
  if (partial_ + size > 0 && !cancelled_) hand_over(lock, partial_ + size);
}

bool BytePipe::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> space = begin_write();
    if (space.empty()) return false;
    const size_t size = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), size);
    bytes.remove_prefix(size);
    std::unique_lock lock(mutex_);
    partial_ += size;
    // Whole chunks travel; small pieces wait for company, so that threads do not wake for each.
    if (partial_ == chunk_bytes_ && !cancelled_) hand_over(lock, chunk_bytes_);
  }
  return true;
}

void BytePipe::close(Result<void> how) {
  std::unique_lock lock(mutex_);
  if (closed_.has_value()) return;
  closed_ = std::move(how);
  if (partial_ > 0 && !cancelled_) return hand_over(lock, partial_);
  lock.unlock();
  changed_.notify_all();
}

Result<std::span<const char>> BytePipe::read() {
  std::unique_lock lock(mutex_);
  if (reading_) {
    first_full_ = (first_full_ + 1) % ring_.size();
    --full_;
    reading_ = false;
    changed_.notify_all();
  }
  changed_.wait(lock, [this] { return full_ > 0 || closed_.has_value(); });
  if (full_ > 0) {
    reading_ = true;
    const Chunk& chunk = ring_[first_full_];
    return std::span<const char>(chunk.bytes.get(), chunk.size);
  }
  if (!closed_->has_value()) return closed_->error();
  return std::span<const char>();
}

void BytePipe::cancel() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  changed_.notify_all();
}

}  // namespace ikada
