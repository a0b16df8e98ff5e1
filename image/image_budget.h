// How much the layers of one image may unpack to, all together. Several threads take from it.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/base/result.h"

namespace ikada {

inline constexpr std::uint64_t kMaxImageBytes = std::uint64_t{20} << 30;

class ImageBudget {
 public:
  explicit ImageBudget(std::uint64_t max_bytes = kMaxImageBytes) : max_bytes_(max_bytes) {}

  // kInvalid with code LAYER_BUDGET_EXCEEDED if that was more than is left.
  Result<void> take(std::uint64_t bytes) {
    if (bytes <= max_bytes_ && (taken_ += bytes) <= max_bytes_) return {};
    Error error =
        make_error(ErrorKind::kInvalid, "image: its layers unpack to more than is allowed");
    error.code = "LAYER_BUDGET_EXCEEDED";
    return error;
  }

 private:
  const std::uint64_t max_bytes_;
  std::atomic<std::uint64_t> taken_ = 0;
};

}  // namespace ikada
