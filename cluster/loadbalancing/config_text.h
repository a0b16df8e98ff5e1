// Text of HAProxy's configuration made from text that users wrote.
//
// Nothing a user writes may end a word, a line or a rule. So it is never quoted as it stands: bytes
// that mean something to HAProxy, to a regular expression or to a URL are written as numbers, and
// what is left are letters, digits and a few harmless signs.
//
// Source: HAProxy 2.6 Configuration Manual, 2.2 "Quoting and escaping", 7.1.3 "Matching regular
// expressions"; pcre2pattern(3); RFC 3986, 2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ikada {

// One word of a line that stands for exactly these bytes, without NUL, which HAProxy has no way to
// hold.
std::string config_word(std::string_view bytes);

// A name for a section, server or variable: bytes outside [A-Za-z0-9.:-] become "_HH".
std::string section_name(std::string_view name);

// Whether `text` is an HTTP token that can stand as an argument inside single quotes.
bool is_plain_token(std::string_view text);

// Whether `text` can stand in a line as it is: letters, digits and _ . / : = ~ - but not in front.
bool is_plain_text(std::string_view text);

// An expression for text that a pattern with '*' and '?' fits; a backslash takes the meaning from
// the sign behind it. `any` is what a wildcard stands for: "." or "[^&]". No anchors. It takes
// linear time in the text for each '*'.
std::string wildcard_expression(std::string_view pattern, std::string_view any);

bool has_wildcard(std::string_view pattern);

// Part of a URL: what may not stand in one is percent-encoded; "%41" stays.
std::string url_text(std::string_view text);

// The same as log-format text, in which '%' is written twice.
std::string url_format(std::string_view text);

// 16 hexadecimal digits that depend on every byte: names that tell nothing (FNV-1a).
std::string short_hash(std::string_view text);

}  // namespace ikada
