// The text formats of cgroup files.
//
// Source: Linux Documentation/admin-guide/cgroup-v2.rst "Format".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace ikada {

// "KEY NUMBER" lines, as memory.stat has them. Lines of another form are left out.
std::map<std::string, std::uint64_t> parse_flat_keyed(std::string_view text);

// One number; 0 for "max" and for anything else.
std::uint64_t parse_single_value(std::string_view text);

// The sum over all devices of `key` in the nested form of io.stat: "8:0 rbytes=1 wbytes=2 …".
std::uint64_t sum_nested_key(std::string_view text, std::string_view key);

// Whether a space-separated list such as cgroup.controllers has `word`.
bool has_word(std::string_view text, std::string_view word);

}  // namespace ikada
