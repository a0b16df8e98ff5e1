// Parts of a blob: the Range header of a download and the Content-Range header of an upload.
//
// Source: RFC 9110, sections 14.1.2, 14.2 and 14.4; OCI distribution-spec 1.1, "Pushing a blob in
// chunks", whose Content-Range is "START-END" without a unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada::registry {

// `size` bytes from `start` on.
struct ByteRange {
  std::uint64_t start = 0;
  std::uint64_t size = 0;

  bool operator==(const ByteRange&) const = default;
};

// The one range that `header` ("bytes=0-99", "bytes=100-", "bytes=-5") asks for of `total` bytes.
// Nullopt means all of it: another unit, several ranges or no such grammar are ignored, as a server
// may. RANGE_INVALID if nothing of the range is there.
Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t total);

// "0-99", also "bytes 0-99/*" as some clients send it. RANGE_INVALID otherwise.
Result<ByteRange> parse_content_range(std::string_view header);

}  // namespace ikada::registry
