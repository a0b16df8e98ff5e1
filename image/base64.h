// Base64 with padding, as Basic authentication and docker's config.json use it.
//
// Source: RFC 4648, section 4.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

std::string encode_base64(std::string_view bytes);

// kInvalid for any character outside the alphabet or wrong padding.
Result<std::string> decode_base64(std::string_view text);

}  // namespace ikada
