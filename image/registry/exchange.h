// A request and its answer as those who answer see them, apart from sockets and syntax.
//
// Source: RFC 9110.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/registry/client_socket.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada::registry {

struct RequestHead {
  std::string method;
  std::string target;
  std::map<std::string, std::string, std::less<>> fields;  // Names in lower case.
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
  bool is_secure = false;  // It came through TLS.
  std::string peer_name;   // Who has been made sure of by the connection itself; mostly empty.

  // The value of a field; empty if it is not there.
  std::string_view field(std::string_view lower_case_name) const;

  bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
};

// The body of the request, read as it comes.
class RequestBody {
 public:
  RequestBody() = default;
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;
  virtual ~RequestBody() = default;

  // Fills `out` unless the body ends before: fewer bytes, in the end 0. Says "100 Continue" first
  // to a client that waits for it. kUnavailable if the client is gone.
  virtual Result<size_t> read(std::span<char> out) = 0;
};

// A part of a file that is sent without being read.
struct FilePart {
  UniqueFd file;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
};

struct Answer {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
  std::optional<FilePart> file = {};  // Instead of `body`.
  std::string user = {};              // Who asked, for the log.
  bool closes = false;                // The connection is not used again.

  // Adds a field.
  Answer& with(std::string_view name, std::string value);
};

// The head of an answer as it is sent. `size_bytes` is the body's; a 204 or 304 says none.
std::string format_head(const Answer& answer,
                        std::uint64_t size_bytes,
                        bool keeps_alive,
                        std::string_view date);

// "Thu, 26 Nov 2026 19:02:33 GMT".
std::string format_http_date(std::int64_t time_s);

}  // namespace ikada::registry
