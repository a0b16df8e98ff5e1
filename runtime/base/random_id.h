// Random names for things: container ids and temporary files.
#pragma once

#include <string>

namespace ikada {

// `bytes` random bytes from getrandom(2) as lower-case hexadecimal; random_hex(32) is a container
// id.
std::string random_hex(size_t bytes);

// `bytes` as lower-case hexadecimal.
std::string to_hex(const void* bytes, size_t size);

}  // namespace ikada
