// The one text that client and server make of a request, so that both can sign it.
//
// Each part is built from the bytes received: the path is encoded once more than it came (as every
// service but S3 has it), after "." and ".." and empty segments are gone; the query is sorted by
// encoded names and values; header values lose their outer and repeated spaces, and fields of one
// name are joined by commas in the order in which they came.
//
// Source: IAM User Guide, "Create a signed AWS API request".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/auth/signed_request.h"
#include "runtime/base/result.h"

namespace ikada::auth {

// "/a/../b//c" is "/b/c", "" is "/"; a '%' becomes "%25".
std::string canonical_path(std::string_view path);

// Decoded names and values, in the order in which they came. "a" and "a=" are the same. kInvalid if
// one cannot be decoded.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;
Result<QueryParameters> parse_query(std::string_view query);

// Without parameters named `except`.
std::string canonical_query(const QueryParameters& parameters, std::string_view except);

// " a   b " is "a b".
std::string canonical_value(std::string_view value);

// The lines of the signed headers, each with its newline. `names` are in lower case.
std::string canonical_headers(std::span<const HeaderField> headers,
                              const std::vector<std::string>& names);

}  // namespace ikada::auth
