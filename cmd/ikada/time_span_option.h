// Options that are a span of time: "90s", "15m", "24h", "7d".
#pragma once

#include <cstdint>

#include <CLI/CLI.hpp>

namespace ikada {

// A transformation for an option of whole seconds, of which there are at least one and at most
// `most_s`. What is no such span is refused in one sentence that says what is expected.
CLI::Validator as_seconds(std::int64_t most_s);

}  // namespace ikada
