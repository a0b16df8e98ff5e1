// Percent-encoding as Signature Version 4 has it.
//
// Source: RFC 3986, 2.3; IAM User Guide, "Create a signed AWS API request".
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada::auth {

// Everything but A-Z a-z 0-9 - . _ ~ and the bytes of `also_plain` becomes %XX with capitals.
std::string percent_encode(std::string_view text, std::string_view also_plain = "");

// kInvalid for a '%' without two hexadecimal digits behind it. A '+' is a plus.
Result<std::string> percent_decode(std::string_view text);

}  // namespace ikada::auth
