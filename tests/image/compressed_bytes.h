// Compressing in tests.
#pragma once

#include <string>
#include <string_view>

namespace ikada {

// One gzip member, with its checksum.
std::string gzip(std::string_view bytes);

// One zstd frame, with its checksum.
std::string zstd(std::string_view bytes);

// A zstd frame that asks its reader for a window of 2 to the power of `log` bytes.
std::string zstd_with_window(int log);

}  // namespace ikada
