// Go's fmt.Sprintf for values of templates: %s %v %q %d %x %X %t %f %g %e %c %%, with flags
// (- + 0 space #), width and precision. Mistakes show in the text, as in Go: "%!d(string=x)".
//
// Source: Go, package fmt.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "runtime/base/json.h"

namespace ikada {

std::string go_printf(std::string_view format, std::span<const Json> arguments);

}  // namespace ikada
