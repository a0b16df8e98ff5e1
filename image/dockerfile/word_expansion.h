// Quotes, escapes and variables in the words of a Dockerfile, as a shell would read them.
//
//   $name ${name}        the value; empty if it is not set
//   ${name:-w} ${name-w} w if it is empty or unset (unset)
//   ${name:+w} ${name+w} w if it is not empty (is set), else nothing
//   ${name:?w} ${name?w} an error with w if it is empty or unset (unset)
//   ${name#p} ## % %%    the value without its shortest (longest) start or end that fits p
//   ${name/p/r} //       the first (each) match of p replaced
//
// Source: Dockerfile reference, "Environment replacement"; POSIX shell, 2.6.2.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct WordExpansion {
  std::function<std::optional<std::string>(std::string_view)> find;  // The value of a variable.
  char escape = '\\';
};

// One word; blanks are nothing special. kInvalid for an open quote or brace, or ${x:?…}.
Result<std::string> expand_word(std::string_view text, const WordExpansion& expansion);

// Split at blanks outside quotes, after expansion: "$PORTS" may be two words.
Result<std::vector<std::string>> expand_words(std::string_view text,
                                              const WordExpansion& expansion);

// Text in which quotes are nothing special, as in a here-document: variables and escaped dollars.
Result<std::string> expand_text(std::string_view text, const WordExpansion& expansion);

// Whether the whole text fits a pattern of * and ?; \ takes the next character as it is.
bool matches_shell_pattern(std::string_view pattern, std::string_view text);

}  // namespace ikada
