// What a piece of a test costs this process, and in time the children it has waited for.
#pragma once

#include <cstdint>

namespace ikada {

class ResourceUse {
 public:
  // Starts counting.
  ResourceUse();

  // Processor time since then; other processes of a busy machine do not count.
  std::int64_t cpu_ms() const;

  // How far the resident memory has been, at most, above where it was.
  std::uint64_t peak_growth_bytes() const;

 private:
  std::int64_t cpu_start_ns_;
  std::uint64_t resident_start_bytes_;
};

}  // namespace ikada
