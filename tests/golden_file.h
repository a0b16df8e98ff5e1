// Texts that people or kernels read, compared with files in tests/golden.
//
// IKADA_UPDATE_GOLDEN=1 in the environment writes the files anew instead.
#pragma once

#include <string>
#include <string_view>

namespace ikada {

// `name` is relative to tests/golden.
void check_golden(const std::string& name, std::string_view text);

}  // namespace ikada
