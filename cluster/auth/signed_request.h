// A request as it came over the wire, for checking its signature.
#pragma once

#include <span>
#include <string_view>

namespace ikada::auth {

struct HeaderField {
  std::string_view name;
  std::string_view value;  // As received.
};

// Nothing in here is decoded or normalised, and nothing is owned.
struct SignedRequest {
  std::string_view method;
  std::string_view path;   // What is in front of the first '?' of the target; "/" if nothing is.
  std::string_view query;  // What is behind it.
  std::span<const HeaderField> headers;  // In their order, repeated ones too.
  std::string_view
      body;  // The very bytes that will be parsed; the caller has limited their number.
};

}  // namespace ikada::auth
