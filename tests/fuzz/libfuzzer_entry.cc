// A libFuzzer program of one target, IKADA_FUZZ_TARGET.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ikada::IKADA_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
