// What is sent with a request: bytes that can be read again from any place, so that a request can
// be repeated and an upload continued without keeping the bytes in memory.
//
// Source: libcurl, CURLOPT_READFUNCTION(3), CURLOPT_SEEKFUNCTION(3).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "runtime/base/result.h"

namespace ikada {

struct HttpBody {
  std::uint64_t size_bytes = 0;

  // Puts up to `size` bytes from `offset` on into `buffer`; how many, 0 only at the end. Called by
  // the thread that sends, one call at a time.
  std::function<Result<size_t>(std::uint64_t offset, char* buffer, size_t size)> read;
};

HttpBody body_of_text(std::string text);

// `size_bytes` of the file from `offset` on. `fd` stays the caller's and open; its file offset is
// neither used nor moved, so bodies may share it.
HttpBody body_of_file(int fd, std::uint64_t offset, std::uint64_t size_bytes);

// `size_bytes` of another body from `offset` on.
HttpBody part_of_body(const HttpBody& body, std::uint64_t offset, std::uint64_t size_bytes);

}  // namespace ikada
