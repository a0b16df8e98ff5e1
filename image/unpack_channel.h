// What the process that unpacks a layer tells the one that started it, over a SOCK_SEQPACKET pair.
//
//   one byte 0 and a descriptor    "make this directory opaque": trusted.* attributes take a
//                                  capability that the child does not have
//   "more" 0 BYTES                 so much content is unpacked now, or is about to be
//   "done" 0 DIFF-ID 0 BYTES       the layer is unpacked; the last message
//   "error" 0 KIND 0 ERRNO 0 CODE 0 TEXT
//                                  it is refused, or the disk did; the last message
//
// Fields are text. The child may have been taken over by the layer, so everything is checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "image/unpack_stream.h"
#include "runtime/base/result.h"

namespace ikada {

std::string format_unpack_progress(std::uint64_t content_bytes);

// The bytes, if it is that message.
std::optional<std::uint64_t> parse_unpack_progress(std::string_view message);

// The last message.
std::string format_unpack_report(const Result<UnpackedLayer>& outcome);

// The outcome it tells; kInternal for anything else.
Result<UnpackedLayer> parse_unpack_report(std::string_view message);

}  // namespace ikada
